#include "server/load/load.h"

#include <sys/prctl.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "server/load/schedule.h"

namespace mnemo {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kStopAsked = std::chrono::milliseconds(100);
constexpr auto kLate = std::chrono::milliseconds(1);

class Run {
 public:
  Run(std::unique_ptr<LoadTarget> target, RequestsAhead& requests, const LoadOptions& options)
      : requests_(requests), options_(options), clients_(options.clients), target_(std::move(target)) {
    for (size_t client = options.clients; client > 0; --client) free_.push_back(client - 1);
  }

  Status connect() {
    return target_->connect(options_.clients,
                            [this](size_t client, const LoadAnswer& answer) { on_done(client, answer); });
  }

  LoadResult run(const std::function<bool()>& stop) {
    ::prctl(PR_SET_TIMERSLACK, 1);  // of this thread, which starts requests on time
    begin();
    while (const std::optional<size_t> client = await_turn(stop)) send(*client);
    finish();
    MutexLock lock(mutex_);
    return std::move(result_);
  }

 private:
  struct Client {
    size_t operation = 0;
    MonotonicTime intended;
  };

  void begin() {
    const MutexLock lock(mutex_);
    start_ = last_answer_ = Clock::now();
    end_ = start_ + options_.duration;
    if (options_.rate > 0) schedule_.emplace(start_, options_.rate);
  }

  // A free client whose turn it is; nullopt when nothing more is to be started.
  std::optional<size_t> await_turn(const std::function<bool()>& stop) {
    MutexLock lock(mutex_);
    while (true) {
      const MonotonicTime now = Clock::now();
      if (!closing_ && stop()) close(now, true);
      if (!closing_ && now >= end_) close(end_, false);
      if (closing_) return std::nullopt;
      if (!free_.empty() && take_turn(free_.back(), now)) {
        const size_t client = free_.back();
        free_.pop_back();
        ++under_way_;
        return client;
      }
      MonotonicTime wake = std::min(end_, now + kStopAsked);
      if (schedule_ && !free_.empty()) wake = std::min(wake, schedule_->start_of(next_));
      changed_.wait_until(lock, wake);
    }
  }

  bool take_turn(size_t client, MonotonicTime now) MNEMO_REQUIRES(mutex_) {
    if (closing_ || now >= end_) return false;
    MonotonicTime intended = now;
    if (schedule_) {
      intended = schedule_->start_of(next_);
      if (intended > now) return false;
      ++next_;
      if (now - intended > kLate) ++result_.late;
    }
    clients_[client].intended = intended;
    return true;
  }

  void close(MonotonicTime at, bool interrupted) MNEMO_REQUIRES(mutex_) {
    closing_ = true;
    result_.interrupted = interrupted;
    if (schedule_) result_.missed = schedule_->starts_before(at) - std::min(next_, schedule_->starts_before(at));
  }

  // For a client that has got a turn.
  void send(size_t client) {
    const std::optional<LoadRequest> request = requests_.take();
    if (!request) {
      const MutexLock lock(mutex_);
      closing_ = true;
      return set_free(client);
    }
    clients_[client].operation = request->index();
    target_->send(client, *request);
  }

  void on_done(size_t client, const LoadAnswer& answer) {
    const MonotonicTime now = Clock::now();
    {
      const MutexLock lock(mutex_);
      count(clients_[client], answer);
      if (!take_turn(client, now)) return set_free(client);
    }
    send(client);
  }

  void set_free(size_t client) MNEMO_REQUIRES(mutex_) {
    // Whoever waits knows of clients that were free before, and when the next is meant to start.
    const bool news = free_.empty() || closing_ || !schedule_;
    free_.push_back(client);
    --under_way_;
    if (news) changed_.notify_one();
  }

  void count(const Client& client, const LoadAnswer& answer) MNEMO_REQUIRES(mutex_) {
    OperationResult& to = result_.operations[client.operation];
    ++to.requests;
    to.acknowledged += answer.acknowledged;
    to.duplicates += answer.duplicates;
    to.pending += answer.pending;
    to.results += answer.results;
    to.cached += answer.cached ? 1 : 0;
    for (const auto& [code, times] : answer.errors) to.errors[code] += times;
    last_answer_ = answer.received;
    if (!answer.errors.empty()) return;
    const bool question = kLoadOperations[client.operation] == "retrieve";
    to.empty += question && answer.results == 0 ? 1 : 0;
    // Without a rate nobody is late: a request begins when it goes, not when it is being written.
    const MonotonicTime from = options_.rate == 0 ? answer.sent : client.intended;
    to.latency.record(static_cast<uint64_t>(std::chrono::nanoseconds(answer.received - from).count()));
  }

  void finish() {
    MutexLock lock(mutex_);
    const MonotonicTime patience = Clock::now() + options_.grace;
    while (under_way_ > 0 && Clock::now() < patience) changed_.wait_until(lock, patience);
    if (under_way_ > 0) target_->cancel();
    while (under_way_ > 0) changed_.wait(lock);
    result_.seconds = std::chrono::duration<double>(last_answer_ - start_).count();
  }

  RequestsAhead& requests_;
  const LoadOptions options_;
  std::vector<Client> clients_;  // each of whoever has its turn, or its answer

  Mutex mutex_;
  Condition changed_;
  MonotonicTime start_;
  MonotonicTime end_;
  std::optional<Schedule> schedule_;
  std::vector<size_t> free_ MNEMO_GUARDED_BY(mutex_);
  uint64_t under_way_ MNEMO_GUARDED_BY(mutex_) = 0;
  uint64_t next_ MNEMO_GUARDED_BY(mutex_) = 0;  // the number of the next intended start
  bool closing_ MNEMO_GUARDED_BY(mutex_) = false;
  MonotonicTime last_answer_ MNEMO_GUARDED_BY(mutex_);
  LoadResult result_ MNEMO_GUARDED_BY(mutex_);

  std::unique_ptr<LoadTarget> target_;  // last: its threads use the others until it is gone
};

}  // namespace

Result<LoadResult> run_load(std::unique_ptr<LoadTarget> target, RequestsAhead& requests, const LoadOptions& options,
                            const std::function<bool()>& stop) {
  Run run(std::move(target), requests, options);
  MNEMO_TRY(run.connect());
  return run.run(stop);
}

}  // namespace mnemo
