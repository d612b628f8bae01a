#include "server/grpc/open_exchanges.h"

namespace mnemo {

bool OpenExchanges::enter(const std::shared_ptr<Exchange>& exchange) {
  const MutexLock lock(mutex_);
  if (!closed_) open_.emplace(exchange.get(), exchange);
  return !closed_;
}

void OpenExchanges::leave(const Exchange& exchange) {
  std::shared_ptr<Exchange> last;  // let go without the lock
  const MutexLock lock(mutex_);
  const auto at = open_.find(&exchange);
  if (at == open_.end()) return;
  last = std::move(at->second);
  open_.erase(at);
  if (open_.empty()) none_.notify_all();
}

void OpenExchanges::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
}

std::vector<std::shared_ptr<Exchange>> OpenExchanges::wait_until(std::chrono::steady_clock::time_point deadline) {
  std::vector<std::shared_ptr<Exchange>> left;
  MutexLock lock(mutex_);
  while (!open_.empty()) {
    if (!none_.wait_until(lock, deadline)) break;
  }
  for (const auto& [key, exchange] : open_) left.push_back(exchange);
  return left;
}

}  // namespace mnemo
