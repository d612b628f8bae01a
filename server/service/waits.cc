#include "server/service/waits.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

namespace mnemo {
namespace {

// One wait: whichever of its two ends comes first takes `done`, and calls the other off.
class Wait : public std::enable_shared_from_this<Wait> {
 public:
  Wait(const Waiting& waiting, PartitionId partition, std::function<void(const Status&)> done)
      : waiting_(waiting), partition_(partition), done_(std::move(done)) {}

  void start(AppliedWaiters::Reached reached, MonotonicTime deadline) {
    Result<WaitPlace> place = waiting_.places.take(partition_);
    if (!place) return end(fail(std::move(place).error()));
    place_ = *std::move(place);
    const auto self = shared_from_this();
    const TimerId timer = waiting_.timer.schedule(deadline, [self] { self->expire(); });
    const uint64_t waiter = waiting_.node.when_applied(partition_, std::move(reached),
                                                       [self](const Status& status) { self->applied(status); });
    {
      const MutexLock lock(mutex_);
      if (done_) {
        timer_ = timer;
        waiter_ = waiter;
        return;
      }
    }
    call_off(timer, waiter);  // it ended before the two were known
  }

 private:
  void applied(const Status& status) {
    if (status) return end({});
    end(fail(Code::kUnavailable, fmt::format("partition {} stands still: {}", partition_.value, status.error().message),
             true));
  }

  void expire() {
    if (waiting_.timer.finished()) {
      return end(fail(Code::kUnavailable, "the server is stopping: ask another, or again when it is back", true));
    }
    const Meta applied = waiting_.node.projection(partition_).applied();
    end(fail(Code::kDeadlineExceeded,
             fmt::format("applied up to {} when the deadline came, and more was asked for: ask again",
                         to_string(Position{partition_, applied.epoch, applied.next_offset})),
             true));
  }

  void end(Status status) {
    std::function<void(const Status&)> done;
    TimerId timer;
    uint64_t waiter = 0;
    {
      const MutexLock lock(mutex_);
      done = std::exchange(done_, nullptr);
      timer = timer_;
      waiter = waiter_;
    }
    if (!done) return;
    call_off(timer, waiter);
    waiting_.executor.post([done = std::move(done), status = std::move(status), self = shared_from_this()] {
      self->place_.reset();
      done(status);
    });
  }

  void call_off(const TimerId& timer, uint64_t waiter) const {
    waiting_.timer.cancel(timer);
    waiting_.node.cancel_wait(partition_, waiter);
  }

  const Waiting waiting_;
  const PartitionId partition_;
  WaitPlace place_;
  Mutex mutex_;
  std::function<void(const Status&)> done_ MNEMO_GUARDED_BY(mutex_);  // empty: it has ended
  TimerId timer_ MNEMO_GUARDED_BY(mutex_);
  uint64_t waiter_ MNEMO_GUARDED_BY(mutex_) = 0;
};

}  // namespace

void wait_until(const Waiting& waiting, PartitionId partition, AppliedWaiters::Reached reached, MonotonicTime deadline,
                std::function<void(const Status&)> done) {
  std::make_shared<Wait>(waiting, partition, std::move(done))->start(std::move(reached), deadline);
}

}  // namespace mnemo
