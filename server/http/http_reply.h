// File: server/http/http_reply.h
// One answer that a connection waits for, between it and whoever holds the responder.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "events/mutex.h"
#include "server/http/http_message.h"

namespace mnemo {

// Thread-safe.
class HttpReply {
 public:
  // `wake` is called when the answer is there, from the thread that gave it. It must not block.
  explicit HttpReply(std::function<void()> wake) : wake_(std::move(wake)) {}

  std::optional<HttpResponse> take();
  // Nobody waits any more: `wake` is dropped, and not under way when this returns.
  void abandon();

  // Its call gives the answer; when its last copy goes without one, that is 500.
  static HttpResponder responder(std::shared_ptr<HttpReply> reply);

 private:
  class Owed;
  void give(HttpResponse response);

  Mutex mutex_;
  std::function<void()> wake_ MNEMO_GUARDED_BY(mutex_);
  std::optional<HttpResponse> response_ MNEMO_GUARDED_BY(mutex_);
};

}  // namespace mnemo
