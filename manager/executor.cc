#include "manager/executor.h"

#include <utility>

namespace mnemo {

Executor::Executor(size_t threads) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

Executor::~Executor() {
  const MutexLock lock(mutex_);
  stopping_ = true;
  posted_.notify_all();
}

void Executor::post(std::function<void()> fn) {
  {
    const MutexLock lock(mutex_);
    queue_.push_back(std::move(fn));
  }
  posted_.notify_one();
}

void Executor::run() {
  while (const std::function<void()> fn = next()) fn();
}

// Empty: it is to end.
std::function<void()> Executor::next() {
  MutexLock lock(mutex_);
  while (queue_.empty() && !stopping_) posted_.wait(lock);
  if (queue_.empty()) return {};
  std::function<void()> fn = std::move(queue_.front());
  queue_.pop_front();
  return fn;
}

}  // namespace mnemo
