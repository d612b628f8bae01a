#include "server/service/write.h"

#include <map>
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
      : waiting_(waiting), done_(std::move(done)), slots_(events), left_(events) {}

  void start(std::vector<PreparedEvent> events, MonotonicTime deadline) {
    auto writes = append(std::move(events));
    if (!writes) return refuse(writes.error());
    {
      const MutexLock lock(mutex_);
      writes_ = *std::move(writes);
    }
    const auto self = shared_from_this();
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
  struct Slot {
    std::optional<Result<Written>> told;
    std::optional<size_t> number;  // among those that were appended; none: it was refused before
  };
  using Begun = Result<std::shared_ptr<const Writes>>;

  // All that may be appended, together. Those of a partition that stands still, or for which too many wait, are told
  // so, and the others go on. An error is of all that are left.
  Begun append(std::vector<PreparedEvent> events) {
    std::vector<PreparedEvent> taken;
    taken.reserve(events.size());
    const auto slots = std::make_shared<std::vector<size_t>>();
    for (size_t i = 0; i < events.size(); ++i) {
      const Status fine = take_place(events[i].record.partition);
      const MutexLock lock(mutex_);
      if (!fine) {
        slots_[i].told = Result<Written>(fail(fine.error()));
        --left_;
        continue;
      }
      slots_[i].number = taken.size();
      slots->push_back(i);
      taken.push_back(std::move(events[i]));
    }
    if (taken.empty()) return std::make_shared<const Writes>(std::vector<Bytes16>(), WriteDone());
    Begun begun = waiting_.node.start_write(std::move(taken),
                                            [self = shared_from_this(), slots](size_t number, Result<Written> written) {
                                              self->tell((*slots)[number], std::move(written));
                                            });
    if (!begun) waiting_.log.failed(begun.error());
    return begun;
  }

  // A partition may have halted since its events were prepared.
  Status take_place(PartitionId partition) {
    if (std::optional<Error> why = waiting_.node.halted(partition)) return fail(*std::move(why));
    auto at = places_.find(partition);
    if (at == places_.end()) at = places_.emplace(partition, waiting_.places.take(partition)).first;
    if (!at->second) return fail(at->second.error());
    return {};
  }

  void refuse(const Error& why) {
    WriteSettled done;
    {
      const MutexLock lock(mutex_);
      done = std::exchange(done_, nullptr);
    }
    waiting_.executor.post([done = std::move(done), why, self = shared_from_this()] {
      self->places_.clear();
      done(fail(why));
    });
  }

  void tell(size_t slot, Result<Written> written) {
    {
      const MutexLock lock(mutex_);
      if (!done_) return;
      slots_[slot].told = std::move(written);
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
    TimerId timer;
    {
      const MutexLock lock(mutex_);
      if (!done_ || !writes_) return;  // it has ended, or start() will see that it is to
      done = std::exchange(done_, nullptr);
      writes = std::move(writes_);
      given_up = left_ > 0;
      timer = timer_;
    }
    waiting_.timer.cancel(timer);
    if (given_up) waiting_.node.abandon(*writes);
    waiting_.executor.post([done = std::move(done), writes = std::move(writes), self = shared_from_this()] {
      self->places_.clear();
      done(self->results(*writes));
    });
  }

  // Once it has ended, when nothing is told any more.
  std::vector<Result<Settled>> results(const Writes& writes) {
    std::vector<Result<Settled>> results;
    const MutexLock lock(mutex_);
    results.reserve(slots_.size());
    for (Slot& slot : slots_) {
      if (!slot.number) {
        results.push_back(fail(std::move(*slot.told).error()));
        continue;
      }
      const std::optional<Position> position = writes.position(*slot.number);
      if (slot.told && !*slot.told && !position) waiting_.log.failed(slot.told->error());
      Result<Written> written = slot.told ? *std::move(slot.told) : fail(not_durable());
      results.push_back(settle(writes.event_ids()[*slot.number], std::move(written), position));
    }
    return results;
  }

  Error not_durable() const {
    if (waiting_.timer.finished()) {
      return {Code::kUnavailable,
              "the server is stopping before the write is durable; it may be yet: ask again with the same key", true};
    }
    return {Code::kDeadlineExceeded, "the write was not durable in time; it may be yet: ask again with the same key",
            true};
  }

  const Waiting waiting_;
  std::map<PartitionId, Result<WaitPlace>> places_;  // until it has ended
  Mutex mutex_;
  WriteSettled done_ MNEMO_GUARDED_BY(mutex_);  // empty: it has ended
  std::vector<Slot> slots_ MNEMO_GUARDED_BY(mutex_);
  size_t left_ MNEMO_GUARDED_BY(mutex_);
  std::shared_ptr<const Writes> writes_ MNEMO_GUARDED_BY(mutex_);  // null: start() has not come so far
  TimerId timer_ MNEMO_GUARDED_BY(mutex_);
};

}  // namespace

void write_within(const Waiting& waiting, std::vector<PreparedEvent> events, MonotonicTime deadline,
                  WriteSettled done) {
  const auto write = std::make_shared<Write>(waiting, events.size(), std::move(done));
  write->start(std::move(events), deadline);
}

}  // namespace mnemo
