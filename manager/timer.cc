#include "manager/timer.h"

#include <algorithm>

namespace mnemo {

namespace {

constexpr MonotonicSpan kShortest = std::chrono::milliseconds(1);  // sleeps cost more than they are late
constexpr MonotonicSpan kLongest = std::chrono::hours(1);          // so that sums do not overflow

}  // namespace

Timer::Timer(const MonotonicClock& clock) : clock_(clock), thread_([this] { run(); }) {}

Timer::~Timer() {
  const MutexLock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

TimerId Timer::schedule(MonotonicTime at, std::function<void()> fn) {
  const MutexLock lock(mutex_);
  const TimerId id{at, ++last_number_};
  waiting_.emplace(id, std::move(fn));
  if (finished_ || waiting_.begin()->first == id) changed_.notify_all();
  return id;
}

bool Timer::cancel(const TimerId& id) {
  std::function<void()> gone;  // destroyed without the lock: it may hold what calls back
  const MutexLock lock(mutex_);
  const auto at = waiting_.find(id);
  if (at == waiting_.end()) return false;
  gone = std::move(at->second);
  waiting_.erase(at);
  return true;
}

void Timer::finish() {
  const MutexLock lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

bool Timer::finished() const {
  const MutexLock lock(mutex_);
  return finished_;
}

void Timer::look_again() {
  const MutexLock lock(mutex_);
  changed_.notify_all();
}

void Timer::run() {
  while (const std::function<void()> fn = next()) fn();
}

// Empty: it is to end.
std::function<void()> Timer::next() {
  MutexLock lock(mutex_);
  while (!stopping_) {
    if (std::function<void()> due = take_due()) return due;
    sleep(lock);
  }
  return {};
}

std::function<void()> Timer::take_due() {
  const auto first = waiting_.begin();
  if (first == waiting_.end()) return {};
  if (!finished_ && first->first.at > clock_.now()) return {};
  std::function<void()> due = std::move(first->second);
  waiting_.erase(first);
  return due;
}

void Timer::sleep(MutexLock& lock) {
  const bool none = waiting_.empty() || waiting_.begin()->first.at == MonotonicTime::max();
  if (none) {
    changed_.wait(lock);
    return;
  }
  // On the machine's clock, whichever one decides.
  const MonotonicTime now = clock_.now();
  const MonotonicTime at = std::min(waiting_.begin()->first.at, now + kLongest);
  changed_.wait_until(lock, std::chrono::steady_clock::now() + std::max(at - now, kShortest));
}

}  // namespace mnemo
