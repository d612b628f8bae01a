// File: server/load/load.h
// A load on a target: requests that start when they are meant to, whatever becomes of those before (an open loop), or
// as fast as a number of clients go (a closed one); and what came of them.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string_view>

#include "server/load/histogram.h"
#include "server/load/target.h"
#include "server/load/traffic.h"

namespace mnemo {

struct LoadOptions {
  uint32_t clients = 1;
  uint32_t rate = 0;  // requests a second; 0: a closed loop
  std::chrono::milliseconds duration = std::chrono::seconds(10);
  std::chrono::milliseconds grace = std::chrono::seconds(10);  // for what is under way at the end; then it is cancelled
};

// What came of the requests of one kind.
struct OperationResult {
  uint64_t requests = 0;  // answered, by an error too
  uint64_t acknowledged = 0;
  uint64_t duplicates = 0;
  uint64_t pending = 0;
  uint64_t results = 0;
  uint64_t empty = 0;  // questions that found nothing
  uint64_t cached = 0;
  std::map<Code, uint64_t> errors;
  // Nanoseconds from the intended start (without a rate, from when it goes) to the answer, of requests without an
  // error.
  Histogram latency;
};

inline constexpr std::array<std::string_view, std::variant_size_v<LoadRequest>> kLoadOperations = {
    "remember", "remember_batch", "retrieve"};

struct LoadResult {
  std::array<OperationResult, kLoadOperations.size()> operations;  // by index of the LoadRequest
  double seconds = 0;                                              // from the start to the last answer
  uint64_t late = 0;         // started over a millisecond after they were meant to: every client was busy
  uint64_t missed = 0;       // meant to start before the end, and never started
  bool interrupted = false;  // `stop` said so
};

// Returns when the time is over, or the requests are, or `stop`, which is asked every tenth of a second, says so; and
// everything is answered. UNAVAILABLE: the target could not be reached at all.
Result<LoadResult> run_load(std::unique_ptr<LoadTarget> target, RequestsAhead& requests, const LoadOptions& options,
                            const std::function<bool()>& stop);

}  // namespace mnemo
