#include "server/grpc/open_exchanges.h"

namespace mnemo {

Entry OpenExchanges::enter(const std::shared_ptr<Exchange>& exchange) {
  const MutexLock lock(mutex_);
  if (entry_ == Entry::kServed) served_.emplace(exchange.get(), exchange);
  if (entry_ == Entry::kRefused) ++refused_;
  return entry_;
}

void OpenExchanges::leave(const Exchange& exchange, Entry entry) {
  if (entry == Entry::kUnanswered) return;
  std::shared_ptr<Exchange> last;  // let go without the lock
  const MutexLock lock(mutex_);
  last_sent_ = std::chrono::steady_clock::now();
  if (entry == Entry::kRefused) {
    --refused_;
  } else if (const auto at = served_.find(&exchange); at != served_.end()) {
    last = std::move(at->second);
    served_.erase(at);
  }
  if (served_.empty() || refused_ == 0) left_.notify_all();
}

void OpenExchanges::set_entry(Entry entry) {
  const MutexLock lock(mutex_);
  entry_ = entry;
}

std::vector<std::shared_ptr<Exchange>> OpenExchanges::wait_until(Time deadline) {
  std::vector<std::shared_ptr<Exchange>> left;
  MutexLock lock(mutex_);
  while (!served_.empty()) {
    if (!left_.wait_until(lock, deadline)) break;
  }
  for (const auto& [key, exchange] : served_) left.push_back(exchange);
  return left;
}

void OpenExchanges::wait_for_refused_until(Time deadline) {
  MutexLock lock(mutex_);
  while (refused_ > 0) {
    if (!left_.wait_until(lock, deadline)) break;
  }
}

OpenExchanges::Time OpenExchanges::last_sent() const {
  const MutexLock lock(mutex_);
  return last_sent_;
}

}  // namespace mnemo
