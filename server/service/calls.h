// File: server/service/calls.h
// Replies that are yet to be made: a service ends when none is left.
#pragma once

#include <memory>
#include <utility>

#include "events/mutex.h"
#include "server/service/call.h"

namespace mnemo {

// A reply that counts for as long as it is held; called once.
template <typename Response>
using OpenReply = std::shared_ptr<const Reply<Response>>;

// Thread-safe.
class Calls {
 public:
  template <typename Response>
  OpenReply<Response> count(Reply<Response> reply) {
    enter();
    return OpenReply<Response>(new Reply<Response>(std::move(reply)), [this](const Reply<Response>* last) {
      delete last;
      leave();
    });
  }

  void wait_for_none() {
    MutexLock lock(mutex_);
    while (open_ > 0) none_.wait(lock);
  }

 private:
  void enter() {
    const MutexLock lock(mutex_);
    ++open_;
  }
  void leave() {
    const MutexLock lock(mutex_);
    if (--open_ == 0) none_.notify_all();
  }

  Mutex mutex_;
  Condition none_;
  size_t open_ MNEMO_GUARDED_BY(mutex_) = 0;
};

}  // namespace mnemo
