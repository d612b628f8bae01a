#include "server/service/operations.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace mnemo {
namespace {

// A wait of the runner cannot be called off, so none is longer than this.
constexpr auto kSlice = std::chrono::milliseconds(500);
constexpr MonotonicSpan kPauseMin = std::chrono::milliseconds(100);
constexpr MonotonicSpan kPauseMax = std::chrono::seconds(30);

// So that requests that wait, however many, leave it room.
constexpr const char* kResuming = "resuming";

SchedulerOptions one_after_the_other() {
  SchedulerOptions options;
  options.workers = 1;
  options.in_flight_max = 1;
  return options;
}

Deadline slice() { return std::chrono::steady_clock::now() + kSlice; }

bool in_time(const Error& error) { return error.code != Code::kDeadlineExceeded; }

}  // namespace

Operations::Operations(Node& node, const MonotonicClock& clock)
    : node_(node), clock_(clock), runner_(node), scheduler_(one_after_the_other(), clock) {}

template <typename Value>
void Operations::enqueue(MonotonicTime deadline, std::function<void(Result<Value>)> done,
                         std::function<Result<Value>(const Running&)> run) {
  const auto not_run = [done](const NotRun& why) {
    Error error = why.error;
    error.retry_after_ms = why.retry_after_ms;
    done(fail(std::move(error)));
  };
  Task task;
  task.task_class = TaskClass::kWrite;
  task.deadline = deadline;
  task.run = [done, run = std::move(run)](const Running& running) { done(run(running)); };
  task.not_run = not_run;
  if (const auto queued = scheduler_.submit(std::move(task)); !queued) not_run(queued.error());
}

// Until it is done, the deadline has come, or nobody waits any more.
template <typename Value>
Result<Value> Operations::in_slices(const Running& running, const std::function<Result<Value>(Deadline)>& step) const {
  while (true) {
    Result<Value> result = step(slice());
    const bool over = running.cancelled() || clock_.now() >= running.deadline();
    if (result || in_time(result.error()) || over) return result;
  }
}

// Without a key a start that was cut off could not be found again.
void Operations::set_policy(Policy policy, MonotonicTime deadline, Done done) {
  if (policy.key.empty()) policy.key = to_hex(node_.next_id());
  enqueue<Operation>(deadline, std::move(done), [this, policy = std::move(policy)](const Running& running) {
    return run_policy(policy, running);
  });
}

// What was started will be done, whatever the answer says of it now.
Result<Operation> Operations::run_policy(const Policy& policy, const Running& running) {
  Result<Operation> started = in_slices<Operation>(
      running, [&](Deadline until) { return runner_.start_policy(policy.policy, policy.key, until, policy.by); });
  if (!started) {
    if (!in_time(started.error())) resume();  // it may be on the log all the same
    return started;
  }
  Result<Operation> run =
      in_slices<Operation>(running, [this, id = started->id](Deadline until) { return runner_.go_on(id, until); });
  if (run) return run;
  resume();
  const auto known = runner_.find(started->id);
  return known && *known ? **known : *started;
}

void Operations::activate_rules(MonotonicTime deadline, Activated done) {
  using Partitions = std::vector<PartitionId>;
  enqueue<Partitions>(deadline, std::move(done), [this](const Running& running) {
    std::set<PartitionId> activated;
    return in_slices<Partitions>(running, [&](Deadline until) -> Result<Partitions> {
      MNEMO_TRY(node_.activate_rules(until, activated));
      return Partitions(activated.begin(), activated.end());
    });
  });
}

void Operations::resume() {
  if (!resuming_.exchange(true)) resume_after(MonotonicSpan::zero());
}

void Operations::resume_after(MonotonicSpan pause) {
  Task task;
  task.task_class = TaskClass::kMaintenance;
  task.not_before = clock_.now() + pause;
  task.run = [this, pause](const Running& running) { resume_once(pause, running); };
  task.agent_id = kResuming;
  if (!scheduler_.submit(std::move(task))) resuming_ = false;  // whoever comes next asks again
}

void Operations::resume_once(MonotonicSpan pause, const Running& running) {
  resuming_ = false;  // what is left from now on asks for a turn of its own
  const Status resumed = runner_.resume(slice());
  if (resumed || running.cancelled() || resuming_.exchange(true)) return;
  const bool busy = !in_time(resumed.error());
  resume_after(busy ? kPauseMin : std::clamp(pause * 2, kPauseMin, kPauseMax));
}

}  // namespace mnemo
