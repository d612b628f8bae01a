#include "server/service/write.h"

#include <memory>
#include <optional>
#include <utility>

namespace mnemo {
namespace {

Result<Settled> settle(const Bytes16& event_id, Result<Written> written, const std::optional<Position>& position) {
  if (!written) {
    if (!position) return fail(std::move(written).error());
    return Settled{event_id, *position, true, {}};
  }
  Outcome& outcome = written->outcome;
  if (outcome.refused) return fail(outcome.code, std::move(outcome.message));
  if (outcome.kind == Outcome::Kind::kSkipped) return fail(Code::kInvalidArgument, std::move(outcome.message));
  return Settled{outcome.event_id, written->position, false, std::move(outcome)};
}

// Lives until its last event has been told, which may be after the node has gone: once it has ended it touches nothing
// but itself.
class Write : public std::enable_shared_from_this<Write> {
 public:
  Write(const Waiting& waiting, size_t events, WriteSettled done)
      : waiting_(waiting), done_(std::move(done)), told_(events), left_(events) {}

  void start(std::vector<v1::Envelope> envelopes, MonotonicTime deadline) {
    const auto self = shared_from_this();
    auto writes = waiting_.node.start_write(std::move(envelopes), [self](size_t number, Result<Written> written) {
      self->tell(number, std::move(written));
    });
    if (!writes) return refuse(writes.error());
    {
      const MutexLock lock(mutex_);
      writes_ = *std::move(writes);
    }
    const TimerId timer = waiting_.timer.schedule(deadline, [self] { self->end(); });
    bool over = false;
    {
      const MutexLock lock(mutex_);
      timer_ = timer;
      over = left_ == 0 || !done_;
    }
    if (!over) return;
    end();
    waiting_.timer.cancel(timer);
  }

 private:
  void refuse(const Error& why) {
    WriteSettled done;
    {
      const MutexLock lock(mutex_);
      done = std::exchange(done_, nullptr);
    }
    waiting_.executor.post([done = std::move(done), why] { done(fail(why)); });
  }

  void tell(size_t number, Result<Written> written) {
    {
      const MutexLock lock(mutex_);
      if (!done_) return;
      told_[number] = std::move(written);
      --left_;
      if (left_ > 0) return;
    }
    end();
  }

  // Whoever comes first: the last event, or the deadline.
  void end() {
    WriteSettled done;
    std::shared_ptr<const Writes> writes;
    bool given_up = false;
    std::vector<std::optional<Result<Written>>> told;
    TimerId timer;
    {
      const MutexLock lock(mutex_);
      if (!done_ || !writes_) return;  // it has ended, or start() will see that it is to
      done = std::exchange(done_, nullptr);
      writes = std::move(writes_);
      given_up = left_ > 0;
      told = std::move(told_);
      timer = timer_;
    }
    waiting_.timer.cancel(timer);
    if (given_up) waiting_.node.abandon(*writes);
    waiting_.executor.post([done = std::move(done), writes = std::move(writes), told = std::move(told)]() mutable {
      done(results(*writes, std::move(told)));
    });
  }

  static std::vector<Result<Settled>> results(const Writes& writes, std::vector<std::optional<Result<Written>>> told) {
    std::vector<Result<Settled>> results;
    results.reserve(told.size());
    for (size_t i = 0; i < told.size(); ++i) {
      Result<Written> written =
          told[i] ? *std::move(told[i])
                  : fail(Code::kDeadlineExceeded,
                         "the write was not durable in time; it may be yet: ask again with the same key", true);
      results.push_back(settle(writes.event_ids()[i], std::move(written), writes.position(i)));
    }
    return results;
  }

  const Waiting waiting_;
  Mutex mutex_;
  WriteSettled done_ MNEMO_GUARDED_BY(mutex_);  // empty: it has ended
  std::vector<std::optional<Result<Written>>> told_ MNEMO_GUARDED_BY(mutex_);
  size_t left_ MNEMO_GUARDED_BY(mutex_);
  std::shared_ptr<const Writes> writes_ MNEMO_GUARDED_BY(mutex_);  // null: start() has not come so far
  TimerId timer_ MNEMO_GUARDED_BY(mutex_);
};

}  // namespace

void write_within(const Waiting& waiting, std::vector<v1::Envelope> envelopes, MonotonicTime deadline,
                  WriteSettled done) {
  const size_t events = envelopes.size();
  std::make_shared<Write>(waiting, events, std::move(done))->start(std::move(envelopes), deadline);
}

}  // namespace mnemo
