#include "manager/scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace mnemo {

namespace {

// The end of a sleep of the machine's clock that lasts until `until` on the scheduler's, which may be another. Sleeps
// are not so short that they cost more than they are late, nor so long that the sum overflows.
MonotonicTime sleep_end(MonotonicTime now, MonotonicTime until) {
  const MonotonicSpan span =
      std::clamp<MonotonicSpan>(until - now, std::chrono::milliseconds(1), std::chrono::hours(1));
  return std::chrono::steady_clock::now() + span;
}

}  // namespace

Scheduler::Scheduler(SchedulerOptions options, const MonotonicClock& clock)
    : options_(options), clock_(clock), queue_(options.admission, options.strategy) {
  if (options_.workers == 0) return;
  threads_.emplace_back([this] { watch(); });
  for (size_t i = 0; i < options_.workers; ++i) threads_.emplace_back([this] { work(); });
}

Scheduler::~Scheduler() {
  static_cast<void>(give_up());
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    work_.notify_all();
    watch_.notify_all();
  }
  threads_.clear();
  MutexLock lock(mutex_);
  while (!idle()) ended_.wait(lock);
}

tl::expected<TaskId, NotRun> Scheduler::submit(Task task) {
  MNEMO_CHECK(task.run != nullptr);
  auto queued = std::make_unique<Queued>(std::move(task));
  std::optional<Refusal> refusal;
  uint32_t retry_after_ms = 0;
  TaskId id;
  bool ready = false;
  {
    const MutexLock lock(mutex_);
    const MonotonicTime now = clock_.now();
    ClassStatistics& counted = counts(*queued);
    const Queued& taken = *queued;
    refusal = draining_ ? Refusal{NotRunCause::kDraining} : queue_.push(queued, now);
    if (refusal) {
      ++counted.refused[static_cast<size_t>(refusal->cause)];
      retry_after_ms = queue_.retry_after_ms(now);
    } else {
      ++counted.admitted;
      id = taken.id;
      ready = may_run();
      wake_watcher();
    }
  }
  if (refusal) return tl::unexpected(describe(*refusal, queued->task, retry_after_ms));
  if (ready) work_.notify_one();  // without the lock, which is the first thing that the worker takes
  return id;
}

ClassStatistics& Scheduler::counts(const Queued& task) { return counts_[static_cast<size_t>(task.task.task_class)]; }

bool Scheduler::may_run() const { return queue_.ready() > 0 && in_flight_.size() < options_.in_flight_max; }

void Scheduler::wake_watcher() {
  const std::optional<MonotonicTime> next = queue_.next_event();
  if (next && *next < watched_until_) watch_.notify_one();
}

// Those whose deadline has come are told before anything else is taken, so that nothing lies between the look at the
// clock and the start.
Scheduler::Turn Scheduler::take_turn() {
  const MutexLock lock(mutex_);
  const MonotonicTime now = clock_.now();
  Turn turn;
  turn.expired = queue_.take_expired(now);
  drop(turn.expired, NotRunCause::kExpired);
  queue_.wake(now);
  if (!turn.expired.empty() || !may_run()) return turn;
  turn.next = queue_.pop(now);
  turn.state = depart(*turn.next, now);
  return turn;
}

std::shared_ptr<Running::State> Scheduler::depart(const Queued& task, MonotonicTime now) {
  const TaskId id = task.id;
  // A flight is on the list for as long as its state lives: cancelling looks there.
  std::shared_ptr<Running::State> state(new Running::State, [this, id](Running::State* last) {
    landed(id);
    delete last;
  });
  state->deadline = task.task.deadline;
  in_flight_.emplace(id.value, Flight{task.task.task_class, task.agent_key, task.task.operation, state.get()});
  ClassStatistics& counted = counts(task);
  ++counted.started;
  counted.waited.add(now - task.ready_at);
  return state;
}

void Scheduler::landed(TaskId id) {
  const MutexLock lock(mutex_);
  const auto flight = in_flight_.find(id.value);
  MNEMO_CHECK(flight != in_flight_.end());
  ++counts_[static_cast<size_t>(flight->second.task_class)].finished;
  in_flight_.erase(flight);
  if (may_run()) work_.notify_one();
  ended_.notify_all();
}

bool Scheduler::run_one() {
  for (;;) {
    Turn turn = take_turn();
    if (!turn.expired.empty()) {
      tell(std::move(turn.expired), NotRunCause::kExpired);
      continue;
    }
    if (!turn.next) return false;
    const Running running(std::move(turn.state));
    const Owned task = std::move(turn.next);  // goes before `running`: nothing of the task outlives its flight
    task->task.run(running);
    return true;
  }
}

void Scheduler::tend() {
  std::vector<Owned> expired;
  {
    const MutexLock lock(mutex_);
    const MonotonicTime now = clock_.now();
    expired = queue_.take_expired(now);
    drop(expired, NotRunCause::kExpired);
    queue_.wake(now);
    if (may_run()) work_.notify_all();
  }
  tell(std::move(expired), NotRunCause::kExpired);
}

void Scheduler::drop(const std::vector<Owned>& tasks, NotRunCause cause) {
  for (const Owned& task : tasks) ++counts(*task).dropped[static_cast<size_t>(cause)];
  telling_ += tasks.size();
}

void Scheduler::tell(std::vector<Owned> tasks, NotRunCause cause) {
  if (tasks.empty()) return;
  for (const Owned& task : tasks) {
    if (task->task.not_run) task->task.not_run(describe({cause}, task->task, 0));
  }
  const size_t told = tasks.size();
  tasks.clear();
  const MutexLock lock(mutex_);
  telling_ -= told;
  ended_.notify_all();
}

void Scheduler::work() {
  while (await_work()) run_one();
}

bool Scheduler::await_work() {
  MutexLock lock(mutex_);
  while (!stopping_ && !may_run()) work_.wait(lock);
  return !stopping_;
}

void Scheduler::watch() {
  while (await_event()) tend();
}

bool Scheduler::await_event() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    const MonotonicTime now = clock_.now();
    watched_until_ = queue_.next_event().value_or(MonotonicTime::max());
    if (watched_until_ <= now) return true;
    if (watched_until_ == MonotonicTime::max()) {
      watch_.wait(lock);
    } else {
      watch_.wait_until(lock, sleep_end(now, watched_until_));
    }
  }
  return false;
}

template <typename Which>
size_t Scheduler::flag(const Which& which) {
  size_t flagged = 0;
  for (auto& [id, flight] : in_flight_) {
    if (!which(TaskId(id), flight)) continue;
    flight.state->cancelled.store(true, std::memory_order_relaxed);
    ++flagged;
  }
  return flagged;
}

size_t Scheduler::cancel(TaskId id) {
  std::vector<Owned> waiting;
  size_t flagged = 0;
  {
    const MutexLock lock(mutex_);
    if (Owned task = queue_.remove(id)) waiting.push_back(std::move(task));
    drop(waiting, NotRunCause::kCancelled);
    flagged = flag([id](TaskId flying, const Flight&) { return flying == id; });
  }
  const size_t cancelled = waiting.size() + flagged;
  tell(std::move(waiting), NotRunCause::kCancelled);
  return cancelled;
}

size_t Scheduler::cancel_agent(std::string_view name_space, std::string_view agent_id) {
  const std::string key = agent_key(name_space, agent_id);
  std::vector<Owned> waiting;
  size_t flagged = 0;
  {
    const MutexLock lock(mutex_);
    waiting = queue_.remove_agent(key);
    drop(waiting, NotRunCause::kCancelled);
    flagged = flag([&key](TaskId, const Flight& flight) { return flight.agent_key == key; });
  }
  const size_t cancelled = waiting.size() + flagged;
  tell(std::move(waiting), NotRunCause::kCancelled);
  return cancelled;
}

size_t Scheduler::cancel_operation(const OperationId& operation) {
  if (operation == OperationId{}) return 0;
  std::vector<Owned> waiting;
  size_t flagged = 0;
  {
    const MutexLock lock(mutex_);
    waiting = queue_.remove_operation(operation);
    drop(waiting, NotRunCause::kCancelled);
    flagged = flag([&operation](TaskId, const Flight& flight) { return flight.operation == operation; });
  }
  const size_t cancelled = waiting.size() + flagged;
  tell(std::move(waiting), NotRunCause::kCancelled);
  return cancelled;
}

Status Scheduler::drain(MonotonicTime deadline) {
  std::vector<Owned> not_ready;
  {
    const MutexLock lock(mutex_);
    draining_ = true;
    queue_.wake(clock_.now());
    not_ready = queue_.remove_not_ready();
    drop(not_ready, NotRunCause::kDraining);
    if (may_run()) work_.notify_all();
  }
  tell(std::move(not_ready), NotRunCause::kDraining);
  if (await_idle(deadline)) return {};
  return give_up();
}

bool Scheduler::await_idle(MonotonicTime deadline) {
  for (;;) {
    while (options_.workers == 0 && clock_.now() < deadline && run_one()) {
    }
    MutexLock lock(mutex_);
    if (idle()) return true;
    const MonotonicTime now = clock_.now();
    if (now >= deadline) return false;
    ended_.wait_until(lock, sleep_end(now, deadline));
  }
}

Status Scheduler::give_up() {
  std::vector<Owned> waiting;
  size_t flagged = 0;
  {
    const MutexLock lock(mutex_);
    draining_ = true;
    waiting = queue_.remove_all();
    drop(waiting, NotRunCause::kDraining);
    flagged = flag([](TaskId, const Flight&) { return true; });
  }
  const size_t given_up = waiting.size();
  tell(std::move(waiting), NotRunCause::kDraining);
  if (given_up + flagged == 0) return {};
  return fail(Code::kDeadlineExceeded,
              fmt::format("{} requests had not started and were refused; {} still run", given_up, flagged), true);
}

void Scheduler::set_strategy(StrategyKind kind) {
  const MutexLock lock(mutex_);
  queue_.set_strategy(kind);
}

Statistics Scheduler::statistics() const {
  const MutexLock lock(mutex_);
  Statistics statistics;
  statistics.classes = counts_;
  statistics.in_flight = in_flight_.size();
  statistics.draining = draining_;
  queue_.describe(statistics, clock_.now());
  return statistics;
}

}  // namespace mnemo
