// File: projector/projection.h
// One partition's projection: the store, the state machine over it, and the commit that keeps state and position
// together.
//
// One thread applies; any number wait for positions and take views. *Applied* is what views show; *durable* is what a
// crash leaves. Both only grow while the process lives.
#pragma once

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

struct ProjectionOptions {
  StoreOptions store;
  LogIdentity log;
  StateLimits limits;
};

class Projection {
 public:
  // FAILED_PRECONDITION when the rows were written under another projection version: replay into a new directory.
  static Result<std::unique_ptr<Projection>> open(const ProjectionOptions& options);

  // --- The writer's thread ---

  // Applies the records and commits them as one batch: rows, digests and position, or nothing. Records before the
  // applied position are passed over. `skips`: offsets that SkipRecorded events of the log name. `outcomes`, when
  // given, gets one for each record that was not passed over. `announce`: whether the outbox gets the batch.
  // An error names the record that halts the partition; what came before it in the batch has been committed.
  Status apply(std::span<const LogRecord> records, const std::set<uint64_t>& skips, std::vector<Outcome>* outcomes,
               bool announce);

  // Removes outbox rows with numbers below `number`; takes effect with the next batch.
  void drop_outbox_below(uint64_t number);

  // --- Any thread ---

  Meta applied() const;
  std::vector<DigestPoint> points() const;
  Rules rules() const;  // in force at the applied position; version 0 before the first RulesActivated
  // What the last completed flush has brought to disk.
  Result<Meta> durable() const { return store_->durable_meta(); }
  Status flush(bool wait) { return store_->flush(wait); }

  // Waits until everything before `offset` has been applied. DEADLINE_EXCEEDED with the applied offset; the error that
  // halted the partition, when one did.
  Status wait(uint64_t offset, Deadline deadline) const;
  // Tells waiters that nothing more will be applied, and why. nullopt lets them wait again.
  void set_halted(std::optional<Error> why);
  std::optional<Error> halted() const;

  Result<std::unique_ptr<View>> view() const { return store_->view(); }
  Store& store() { return *store_; }
  PartitionId partition() const { return partition_; }

 private:
  Projection(const ProjectionOptions& options, std::unique_ptr<Store> store);
  Status apply_all(std::span<const LogRecord> records, const std::set<uint64_t>& skips, std::vector<Outcome>* outcomes,
                   size_t& done);
  Status find_first_outbox_row();
  Status commit(bool announce);
  Status restart_batch();
  void publish();

  PartitionId partition_;
  std::unique_ptr<Store> store_;
  BatchRows rows_;
  IndexWriter index_;
  StateMachine machine_;
  uint64_t outbox_first_ = 0;
  uint64_t outbox_drop_ = 0;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Meta applied_;                     // guarded by mutex_
  std::vector<DigestPoint> points_;  // guarded by mutex_
  Rules rules_;                      // guarded by mutex_
  std::optional<Error> halted_;      // guarded by mutex_
};

}  // namespace mnemo
