// File: server/grpc/open_exchanges.h
// The exchanges of a server that have not ended, and whether more are taken: what a stop waits for.
//
// Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <unordered_map>
#include <vector>

#include "events/mutex.h"

namespace mnemo {

class Exchange;

class OpenExchanges {
 public:
  // False, and it is not kept: the server is stopping.
  bool enter(const std::shared_ptr<Exchange>& exchange);
  void leave(const Exchange& exchange);

  // From now on none is taken.
  void close();
  // Until all have ended, their answers sent; what has not by then.
  std::vector<std::shared_ptr<Exchange>> wait_until(std::chrono::steady_clock::time_point deadline);

 private:
  Mutex mutex_;
  Condition none_;
  std::unordered_map<const Exchange*, std::shared_ptr<Exchange>> open_ MNEMO_GUARDED_BY(mutex_);
  bool closed_ MNEMO_GUARDED_BY(mutex_) = false;
};

}  // namespace mnemo
