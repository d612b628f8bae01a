// File: server/load/traffic.h
// The requests of a load, one after the other, repeatable from the workload's seed but for their keys.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "events/mutex.h"
#include "server/load/target.h"
#include "server/load/workload.h"

namespace mnemo {

enum class LoadPhase { kIngest, kRetrieve, kMixed };
std::string_view phase_name(LoadPhase phase);

struct TrafficOptions {
  WorkloadOptions workload{};
  std::string run;              // stands before every key, so that what another run has written is no duplicate
  uint32_t batch = 1;           // memories a write
  uint32_t reads_percent = 50;  // of the requests of a mixed load
  uint32_t limit = 10;          // memories that a question asks for
  bool cache = true;
};

// For one thread.
class Traffic {
 public:
  explicit Traffic(TrafficOptions options);

  LoadRequest next(LoadPhase phase);

 private:
  LoadRequest write();
  LoadRequest question();
  v1::MemoryInput memory();

  TrafficOptions options_;
  Workload workload_;
  std::mt19937_64 random_;
  std::vector<v1::RetrieveRequest> questions_;  // about the first memories of the workload
  uint32_t share_ = 0;
};

// Requests that are made before they are needed, by a thread of its own: making them is no part of a latency.
// Thread-safe.
class RequestsAhead {
 public:
  // At most `most` are kept. nullopt: those before were all.
  using Make = std::function<std::optional<LoadRequest>()>;
  RequestsAhead(Make make, size_t most);
  ~RequestsAhead();

  // Waits where none is there yet. nullopt: there are no more.
  std::optional<LoadRequest> take();

 private:
  void make_all();

  const Make make_;
  const size_t most_;
  Mutex mutex_;
  Condition changed_;
  std::deque<LoadRequest> made_ MNEMO_GUARDED_BY(mutex_);
  bool ended_ MNEMO_GUARDED_BY(mutex_) = false;     // none will follow
  bool stopping_ MNEMO_GUARDED_BY(mutex_) = false;  // none is wanted
  std::jthread maker_;                              // last: it uses the others
};

}  // namespace mnemo
