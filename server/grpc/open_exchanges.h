// File: server/grpc/open_exchanges.h
// The exchanges of a server that have not ended, and what becomes of those that begin: what a stop waits for.
//
// Thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "events/mutex.h"

namespace mnemo {

class Exchange;

// What becomes of one that begins: it is served; or refused, as the server is stopping; or, as an answer would not
// arrive any more, left without one.
enum class Entry : uint8_t { kServed, kRefused, kUnanswered };

class OpenExchanges {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Entry enter(const std::shared_ptr<Exchange>& exchange);
  void leave(const Exchange& exchange, Entry entry);

  // Of those that begin from now on.
  void set_entry(Entry entry);
  // Until all that are served have ended, their answers sent; what has not by then.
  std::vector<std::shared_ptr<Exchange>> wait_until(Time deadline);
  // The same of those that are refused.
  void wait_for_refused_until(Time deadline);
  // When an answer was sent last; in the past where none was.
  Time last_sent() const;

 private:
  mutable Mutex mutex_;
  Condition left_;
  std::unordered_map<const Exchange*, std::shared_ptr<Exchange>> served_ MNEMO_GUARDED_BY(mutex_);
  size_t refused_ MNEMO_GUARDED_BY(mutex_) = 0;
  Entry entry_ MNEMO_GUARDED_BY(mutex_) = Entry::kServed;
  Time last_sent_ MNEMO_GUARDED_BY(mutex_){};
};

}  // namespace mnemo
