// File: manager/admission.h
// Whether there is room for one more: bounds in items and bytes on what waits of the process, of a namespace, of an
// agent. A bound is kept exactly, for every class alike; nothing passes by it.
//
//   Admission admission(options);
//   if (auto refusal = admission.enter(queued, now)) ... describe(*refusal, task, retry_after_ms(waiting, rate)) ...
//   ...
//   admission.leave(queued);  // it starts, or was given up
//
// Not thread-safe: its owner locks. Texts are made by describe(), outside the lock.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "manager/strategy.h"

namespace mnemo {

// Of what waits. A task counts from the moment it is taken until it starts or is given up.
struct Usage {
  uint64_t tasks = 0;
  uint64_t items = 0;
  uint64_t bytes = 0;
  bool operator==(const Usage&) const = default;
};

struct Bounds {
  uint64_t items;
  uint64_t bytes;
};

// What adapts to load: asked before the bounds are, and told what it may learn from. Called with a lock held, so it
// must be quick and must not call back. Tells maintenance from writes and reads, and sheds it first.
class LoadShedder {
 public:
  virtual ~LoadShedder() = default;
  virtual bool sheds(TaskClass task_class, const Usage& process, MonotonicTime now) = 0;
  // A task started after having waited so long.
  virtual void started(TaskClass task_class, MonotonicSpan waited, MonotonicTime now) = 0;
};

// A namespace may fill half of what the process may hold, and an agent a quarter of its bytes and a sixteenth of its
// items, so that a noisy one leaves room. The bytes of the largest append (8 MiB) fit twice into an agent's.
struct AdmissionOptions {
  Bounds process{65'536, 64 << 20};
  Bounds name_space{32'768, 32 << 20};
  Bounds agent{4'096, 16 << 20};
  LoadShedder* shedder = nullptr;  // outlives the scheduler; null: nothing is shed
};

// What was refused. has + the task's cost > max, in the unit of the cause.
struct Refusal {
  NotRunCause cause;
  uint64_t has = 0;
  uint64_t max = 0;
  std::string_view unit = "items";
};
// With words about what to do. `task` names whose bound it is.
NotRun describe(const Refusal& refusal, const Task& task, uint32_t retry_after_ms);

// In how long what waits will have started at this rate, if nothing else comes: 1 ms to 30 s, and 100 ms while no rate
// is known. Whatever the strategy, a bound that was met has room by then.
uint32_t retry_after_ms(const Usage& process, std::optional<double> items_per_second);

class Admission {
 public:
  explicit Admission(AdmissionOptions options) : options_(options) {}

  // Counts the task in, unless there is no room for it.
  std::optional<Refusal> enter(const Queued& task, MonotonicTime now);
  // It no longer waits.
  void leave(const Queued& task);

  const Usage& process() const { return process_; }
  Usage name_space(const std::string& name_space) const { return usage_of(name_spaces_, name_space); }
  Usage agent(const std::string& agent_key) const { return usage_of(agents_, agent_key); }
  size_t name_spaces() const { return name_spaces_.size(); }
  size_t agents() const { return agents_.size(); }

 private:
  // Whoever has nothing waiting is not in it, so it is no larger than the queue.
  using UsageOf = std::unordered_map<std::string, Usage>;

  static Usage usage_of(const UsageOf& all, const std::string& key);
  static void subtract(UsageOf& all, const std::string& key, const Cost& cost);
  std::optional<Refusal> refuses(const Queued& task, MonotonicTime now) const;

  const AdmissionOptions options_;
  Usage process_;
  UsageOf name_spaces_;
  UsageOf agents_;  // by agent_key
};

}  // namespace mnemo
