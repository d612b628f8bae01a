// File: projector/state_machine.h
// What it means: the one function from (state, record) to the next state and an outcome.
//
// apply() is pure. It reads rows (through the batch's overlay), the record's bytes, its position and its append
// timestamp; nothing else: no clock, no randomness, no environment, no configuration, no floats. Whatever constant it
// needs stands on the log (RulesActivated, PolicyUpdated). So every replay, on any machine, ends in the same rows and
// the same digests, whatever the size of the batches.
//
//   record ─▶ decode ─▶ skip? ─▶ key seen? ─▶ apply the kind ─▶ pending work ─▶ digest point
//                        │          │
//                     skip row   first result again
//
// An error (as opposed to an Outcome) halts the partition: nothing of the record has then been applied, the batch must
// be dropped, and load() called before the next try; a load() that fails leaves the machine unusable, until one that
// does not. FAILED_PRECONDITION: the record needs a newer build. DATA_LOSS:
// rows or log are damaged. Others: failed I/O.
//
// Owned by the partition's writer thread.
#pragma once

#include <memory>

#include "events/log.h"
#include "projector/outcome.h"
#include "projector/state.h"

namespace mnemo {

class StateMachine {
 public:
  StateMachine(const LogIdentity& log, PartitionId partition, RowWriter& rows, IndexWriter& index,
               const StateLimits& limits = {});
  ~StateMachine();

  // Also after a batch was dropped: nothing of it is left, what it would have announced included.
  Status load();

  // Applies the record at meta().next_offset or later. `skip`: an operator's SkipRecorded names it.
  Status apply(const LogRecord& record, bool skip, Outcome& outcome);

  // Ends a batch: meta row and outbox row into the overlay. `announce`: whether the outbox gets what this batch did.
  // Returns whom it touched, announced or not.
  Touched finish_batch(bool announce);

  const Meta& meta() const { return state_.meta(); }
  const Rules& rules() const { return state_.rules(); }
  const std::vector<DigestPoint>& points() const { return state_.points(); }
  void trim() { state_.trim(); }

 private:
  struct Scratch;

  Status decide(const LogRecord& record, bool skip, Outcome& outcome);
  Status apply_control(const LogRecord& record, const v1::Envelope& envelope, Outcome& outcome);
  Status skip_record(const LogRecord& record, SkipReason reason, std::string_view why, Outcome& outcome);
  Status drop_old_skip_row();
  void note_record(const LogRecord& record);

  LogIdentity log_;
  State state_;
  std::unique_ptr<Scratch> scratch_;
  uint64_t oldest_skip_ = 0;  // no skip row has a lesser offset
};

}  // namespace mnemo
