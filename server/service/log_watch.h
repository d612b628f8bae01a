// File: server/service/log_watch.h
// Whether the log takes appends, as far as those who appended were told: one that has stopped takes nothing any more.
//
// Thread-safe.
#pragma once

#include <optional>

#include "events/mutex.h"
#include "events/result.h"

namespace mnemo {

class LogWatch {
 public:
  // What an append was told by the log.
  void failed(const Error& why) {
    if (why.code != Code::kUnavailable) return;
    const MutexLock lock(mutex_);
    if (!stopped_) stopped_ = why;
  }
  std::optional<Error> stopped() const {
    const MutexLock lock(mutex_);
    return stopped_;
  }

 private:
  mutable Mutex mutex_;
  std::optional<Error> stopped_ MNEMO_GUARDED_BY(mutex_);
};

}  // namespace mnemo
