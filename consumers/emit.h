// File: consumers/emit.h
// The role that speaks for a node on the embedded log: what batches have to announce, in the order of their outbox
// rows.
//
//   invalidations                ─▶ the listener in this process, after their position was published (who keeps answers
//                                   here must know before that: CommitListener in projector/projection.h)
//   letters for a wrong partition ─▶ appended to their own, the same bytes under the same event id, and counted
//   other dead letters           ─▶ stay what they are: a skip row, and the record itself on the log
//
// What was appended again is noted in a file of its own beside the projections, so that a projection which is made anew
// sends nothing of the past. The note follows the append: a crash between the two repeats the append, which its key
// makes a duplicate. Format: docs/formats.md.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "events/log.h"
#include "projector/store/outbox.h"

namespace mnemo {

// Thread-safe: each partition's thread emits its own batches.
class Emitter {
 public:
  // Must be quick; must not throw.
  using Listener = std::function<void(PartitionId, const OutboxBatch&)>;

  static constexpr size_t kRerouteRecords = 500;    // appended together at most
  static constexpr size_t kRerouteBytes = 4 << 20;  // and this many bytes, or one record

  // `log` must outlive it. `note`: the file; empty for none, and then a projection made anew appends again. A note
  // about another log is no note. DATA_LOSS when it is damaged: delete it, at that price. `listener` may be empty.
  static Result<std::unique_ptr<Emitter>> open(Log& log, std::filesystem::path note, Listener listener);

  // The projection is made anew: batches that end at or before `offset` are of the past, and no news to the listener.
  void expect_replay(PartitionId partition, uint64_t offset);

  // What an Announce does. Waits until what it appends is durable.
  Status emit(PartitionId partition, const OutboxBatch& batch);

  // Events of this partition's records that were appended to another.
  uint64_t rerouted(PartitionId partition) const;

 private:
  struct Sent {
    uint64_t below = 0;         // records before this offset have been appended again, where that was due
    uint64_t rerouted = 0;      // how many they were
    uint64_t replay_below = 0;  // not on file
  };
  class Rerouting;

  Emitter(Log& log, std::filesystem::path note, Listener listener);
  Status load();
  Status save() const;
  Sent sent(PartitionId partition) const;
  Status reroute(PartitionId partition, const OutboxBatch& batch, uint64_t below);

  Log& log_;
  const std::filesystem::path note_;
  const Listener listener_;
  mutable std::mutex mutex_;
  std::vector<Sent> sent_;  // by partition; guarded by mutex_
  bool unsaved_ = false;    // the note is behind sent_; guarded by mutex_
};

}  // namespace mnemo
