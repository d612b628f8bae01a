// File: server/service/overviews.h
// A thread for those who look over the whole: status, digests, rules, metrics. They take no place in the queue, since
// they are asked for most when it is full, nor in the order of replies; and since they are not queued, they are few.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>

#include "events/result.h"
#include "manager/executor.h"

namespace mnemo {

inline constexpr size_t kOverviewsMax = 32;  // that wait or run

class Overviews {
 public:
  // Posted, `look` is called once, soon. RESOURCE_EXHAUSTED (retryable, with when to come again): it is not.
  Status post(std::function<void()> look);

 private:
  std::atomic<size_t> taken_{0};
  Executor executor_{1};  // last: it uses the other
};

}  // namespace mnemo
