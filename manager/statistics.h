// File: manager/statistics.h
// What a scheduler counts. Plain data: a copy is one moment.
//
// Of each class, admitted = started + dropped + what waits, and started = finished + what is in flight.
#pragma once

#include <array>
#include <cstdint>

#include "manager/admission.h"

namespace mnemo {

// Waiting times by powers of two: bucket n counts those below 2^n microseconds and not below 2^(n-1); the last one
// everything longer too (2^30 us are 18 minutes).
struct WaitHistogram {
  static constexpr size_t kBuckets = 32;

  std::array<uint64_t, kBuckets> buckets{};
  uint64_t count = 0;
  uint64_t sum_us = 0;

  void add(MonotonicSpan waited);
  // Upper bound of the bucket in which this share (0 to 1) of all has been reached; 0 when there are none.
  uint64_t quantile_us(double share) const;
};

struct ClassStatistics {
  uint64_t admitted = 0;
  uint64_t started = 0;
  uint64_t finished = 0;
  std::array<uint64_t, kNotRunCauses> refused{};  // at the door, by cause
  std::array<uint64_t, kNotRunCauses> dropped{};  // after having been admitted: expired, cancelled, draining
  WaitHistogram waited;                           // of those that started

  uint64_t refused_by(NotRunCause cause) const { return refused[static_cast<size_t>(cause)]; }
  uint64_t dropped_by(NotRunCause cause) const { return dropped[static_cast<size_t>(cause)]; }
};

struct Statistics {
  std::array<ClassStatistics, kTaskClasses> classes;  // by TaskClass
  Usage waiting;
  uint64_t agents_waiting = 0;
  uint64_t name_spaces_waiting = 0;
  uint64_t in_flight = 0;
  double drained_per_second = 0;  // items; 0: not known
  StrategyKind strategy = StrategyKind::kFifo;
  bool draining = false;

  const ClassStatistics& of(TaskClass task_class) const { return classes[static_cast<size_t>(task_class)]; }
  ClassStatistics& of(TaskClass task_class) { return classes[static_cast<size_t>(task_class)]; }
};

}  // namespace mnemo
