// File: consumers/node.h
// A running mnemo without doors: one log, one projection a partition, and the threads that keep them together.
//
// A partition that cannot go on (a record of a newer build, damage, failed storage) stands still, says why, and tries
// again by itself; the others go on. One whose store failed is opened again and replays what was not durable.
//
// Thread-safe once opened. close() (or the destructor) stops the followers, flushes, and lets go of the directory.
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "consumers/applied_waiters.h"
#include "consumers/emit.h"
#include "consumers/outcomes.h"
#include "consumers/project.h"
#include "consumers/writes.h"
#include "events/fingerprint.h"
#include "events/log.h"
#include "events/uuid.h"
#include "projector/projection.h"

namespace mnemo {

// An event that may be appended, as its log record.
struct PreparedEvent {
  NewRecord record;
  Bytes16 event_id;
};

struct NodeOptions {
  size_t memory_bytes = 512 << 20;
  PollLimits batch;
  bool ticks = true;              // append Ticked when an expiry is due or work is pending
  std::filesystem::path emitted;  // where the emitter notes what it sent; empty: nowhere
  Emitter::Listener listener;     // told of invalidations, once they are visible; empty: nobody
  CommitListener on_commit;       // told whom each batch touched, before it is visible by its position; empty: nobody
  rocksdb::Env* env = nullptr;    // of the projections; null: the machine's file system
};

class Node {
 public:
  // `log`, `clock` and what `options` point to must outlive the node. Projections live in `state_dir`/p0, p1, ...
  // Checks that each projection continues this very log (FAILED_PRECONDITION or DATA_LOSS naming what differs and the
  // ways out), then follows.
  static Result<std::unique_ptr<Node>> open(Log& log, const FingerprintKey& key, const Clock& clock,
                                            const std::filesystem::path& state_dir, const NodeOptions& options);
  ~Node();

  uint32_t partitions() const { return static_cast<uint32_t>(partitions_.size()); }
  Log& log() { return log_; }
  Projection& projection(PartitionId partition) { return *partitions_[partition.value]->projection; }
  const Emitter& emitter() const { return *emitter_; }
  // What the node makes for events: ids, and fingerprints under the log's secret.
  Bytes16 next_id() { return ids_.next(); }
  Bytes16 fingerprint(const v1::Envelope& envelope) const { return key_.fingerprint(envelope); }
  PartitionId partition_for(std::string_view name_space, std::string_view agent_id) const;

  // Completes the envelope (event id, schema version, recorded_at, fingerprint) and checks it against the rules in
  // force: INVALID_ARGUMENT or UNIMPLEMENTED, naming what is wrong; the halted partition's error.
  Result<PreparedEvent> prepare(v1::Envelope& envelope);

  // Prepares the event, appends it, and waits until it has been applied. prepare()'s errors, before anything is
  // appended. With the position, when it is durable and not applied: DEADLINE_EXCEEDED, not in time; UNAVAILABLE,
  // its partition halted. It will be applied; the same key asks what became of it.
  Result<Written> write(v1::Envelope envelope, Deadline deadline);

  // The same for many, kept together in order, without waiting: `done` is called once for each, from another thread,
  // with its number and its outcome, the failed append, or that its partition halted (UNAVAILABLE, as above). An error
  // means that nothing was appended and `done` is not called; RESOURCE_EXHAUSTED: try again later.
  Status write_all(std::vector<v1::Envelope> envelopes, WriteDone done);

  // write_all() of what was prepared, for who may give up waiting: what it returns tells which of the events are
  // durable so far. What is of a partition that has halted since is appended all the same, and told so. After abandon()
  // nothing more is told of those not decided yet, but for an append that fails.
  Result<std::shared_ptr<const Writes>> start_write(std::vector<PreparedEvent> events, WriteDone done);
  void abandon(const Writes& writes);

  // Waits until everything that was on the log when it was called has been applied; the second for one partition.
  Status wait_applied(Deadline deadline);
  Status wait_applied(PartitionId partition, Deadline deadline);
  // The same for one partition without a thread, until it has come where it is `reached`.
  uint64_t when_applied(PartitionId partition, AppliedWaiters::Reached reached, AppliedWaiters::Done done);
  bool cancel_wait(PartitionId partition, uint64_t id);
  // Activates the kinds of events that this build applies and the log, made by an older one, does not have active
  // (events/activation.h). The partitions in which it did, which is to be announced, come to `activated`, also before
  // an error: asked again, it finds nothing to do there. None, as a rule.
  Status activate_rules(Deadline deadline, std::set<PartitionId>& activated);
  Result<std::unique_ptr<View>> view(PartitionId partition) const;
  // The error that halted a partition, or nullopt.
  std::optional<Error> halted(PartitionId partition) const {
    return partitions_[partition.value]->projection->halted();
  }

  Status close();

 private:
  struct Partition {
    std::unique_ptr<Projection> projection;
    std::unique_ptr<AppliedWaiters> waiters;
    std::unique_ptr<Ticker> ticker;
    std::unique_ptr<ProjectRole> role;
    std::jthread thread;
  };

  Node(Log& log, const FingerprintKey& key, const Clock& clock, NodeOptions options);
  Status open_partition(PartitionId partition, const std::filesystem::path& dir);
  void follow(Partition& partition, const std::stop_token& stop);
  Status follow_once(Partition& partition, const std::stop_token& stop);
  Result<ProjectOptions> role_options(Partition& partition);
  void halt(Partition& partition, const Error& why);
  void resume(Partition& partition);

  Log& log_;
  FingerprintKey key_;
  const Clock& clock_;
  NodeOptions options_;
  UuidGenerator ids_;
  StoreResources resources_;
  std::shared_ptr<Outcomes> outcomes_ = std::make_shared<Outcomes>();  // shared with appends, which may end after us
  FlushBudget flush_budget_;
  std::unique_ptr<Emitter> emitter_;
  std::vector<std::unique_ptr<Partition>> partitions_;
  bool closed_ = false;
};

}  // namespace mnemo
