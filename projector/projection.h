// File: projector/projection.h
// One partition's projection: the store, the state machine over it, and the commit that keeps state and position
// together.
//
// One thread applies; any number wait for positions and take views. *Applied* is what views show; *durable* is what a
// crash leaves. Durable only grows; applied falls back to durable when a failed store is opened again, and to nothing
// else.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "events/log.h"
#include "projector/state_machine.h"
#include "projector/store/store.h"

namespace mnemo {

// Told on the writer's thread whom a batch touched, after the batch has been written and before its position is
// published: who has seen a position, or waited for it, comes after the listener. Views may show the batch before that.
// A batch that could not be written is not told. Reopening tells kOpening before views of the older rows can be taken,
// and kPartition once their position is published; opening tells kPartition. Must be quick; must not throw.
using CommitListener = std::function<void(PartitionId, const Touched&)>;

struct ProjectionOptions {
  StoreOptions store;
  LogIdentity log;
  StateLimits limits;
  CommitListener on_commit = {};  // empty: nobody
};

class Projection {
 public:
  // FAILED_PRECONDITION when the rows were written under another projection version: replay into a new directory.
  static Result<std::unique_ptr<Projection>> open(const ProjectionOptions& options);

  // --- The writer's thread ---

  // Applies the records and commits them as one batch: rows, digests and position, or nothing. Records before the
  // applied position are passed over. `skips`: offsets that SkipRecorded events of the log name. `outcomes`, when
  // given, gets one for each record that this call has committed. `announce`: whether the outbox gets the batch.
  // An error names the record that halts the partition; what came before it in the batch has been committed, unless
  // the commit is what failed. After failure() only reopen() helps; after any other error the next call begins again
  // from the rows.
  Status apply(std::span<const LogRecord> records, const std::set<uint64_t>& skips, std::vector<Outcome>* outcomes,
               bool announce);

  // Outbox rows that nobody has asked to drop have numbers from here on.
  uint64_t outbox_first() const { return std::max(outbox_first_, outbox_drop_); }
  // Removes outbox rows with numbers below `number`; takes effect with the next batch.
  void drop_outbox_below(uint64_t number);

  // After failure(): opens the store again and falls back to the durable position, from where the log is to be
  // replayed. An error, such as UNAVAILABLE while views are held, leaves no views to be taken until it succeeds.
  Status reopen();

  // --- Any thread ---

  Meta applied() const;
  std::vector<DigestPoint> points() const;
  std::shared_ptr<const Rules> rules()
      const;  // in force at the applied position; version 0 before the first RulesActivated
  // What the last completed flush has brought to disk.
  Result<Meta> durable() const { return store_->durable_meta(); }
  Status flush(bool wait) { return store_->flush(wait); }

  // Waits until everything before `offset` has been applied. DEADLINE_EXCEEDED with the applied offset; the error that
  // halted the partition, when one did.
  Status wait(uint64_t offset, Deadline deadline) const;
  // The same until no work is pending and nothing expired is left behind.
  Status wait_settled(Deadline deadline) const;
  // Tells waiters that nothing more will be applied, and why. nullopt lets them wait again.
  void set_halted(std::optional<Error> why);
  std::optional<Error> halted() const;
  // The offset of the record that the last apply() could not apply, when that lies in the record and not in storage:
  // one that an operator may decide to skip.
  std::optional<uint64_t> refused() const;
  // A write or flush that failed, a background one included: nothing more is committed until reopen().
  std::optional<Error> failure() const { return store_->failure(); }

  Result<std::unique_ptr<View>> view() const { return store_->view(); }
  uint64_t disk_bytes() const { return store_->disk_bytes(); }
  Store& store() { return *store_; }
  PartitionId partition() const { return partition_; }

 private:
  Projection(const ProjectionOptions& options, std::unique_ptr<Store> store);
  Status apply_all(std::span<const LogRecord> records, const std::set<uint64_t>& skips, std::vector<Outcome>* outcomes,
                   size_t& done);
  Status apply_before(std::span<const LogRecord> records, const std::set<uint64_t>& skips,
                      std::vector<Outcome>* outcomes, bool announce);
  void note_refused(const Error& why);
  Status find_first_outbox_row();
  Status commit(bool announce);
  Status restart_batch();
  void tell(const Touched& touched) const;
  void publish();

  PartitionId partition_;
  const CommitListener on_commit_;
  std::unique_ptr<Store> store_;
  BatchRows rows_;
  IndexWriter index_;
  StateMachine machine_;
  bool clean_ = true;  // the machine is what the rows say: false while a batch is open, and after one that failed
  uint64_t outbox_first_ = 0;
  uint64_t outbox_drop_ = 0;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Meta applied_;                                                          // guarded by mutex_
  std::vector<DigestPoint> points_;                                       // guarded by mutex_
  std::shared_ptr<const Rules> rules_ = std::make_shared<const Rules>();  // guarded by mutex_
  std::optional<Error> halted_;                                           // guarded by mutex_
  std::optional<uint64_t> refused_;                                       // guarded by mutex_
};

}  // namespace mnemo
