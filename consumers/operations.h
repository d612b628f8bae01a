// File: consumers/operations.h
// Operations of several steps over a node. The log is their journal: each is started, stepped and finished by events on
// its home partition, so that one which was cut off anywhere goes on from its first step that is not done.
//
//   policy   a namespace's policy: one PolicyUpdated a partition, its event id derived from (operation, partition)
//   import   progress of whoever imports, which alone can go on with it: one step a batch
//
// With an idempotency key the operation's id is derived from (kind, namespace, key): a retry finds the same operation.
// Without one each call is an operation of its own. docs/formats.md has ids, requests and results.
//
// Thread-safe. Every call waits, at most until its deadline.
#pragma once

#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "consumers/node.h"
#include "events/mutex.h"
#include "projector/store/operation.h"
#include "projector/store/policy.h"

namespace mnemo {

inline constexpr size_t kOperationsRunningMax = 1000;  // of one home partition

// Counted since the import began.
struct ImportProgress {
  uint64_t lines = 0;
  uint64_t created = 0;
  uint64_t duplicates = 0;
  uint64_t failed = 0;
};

// What is absent stays as the latest policy has it, in force or on its way, when the operation starts.
struct PolicyRequest {
  std::string name_space;
  std::optional<int64_t> ttl_ms;
  std::optional<bool> record_access;
};

struct OperationPage {
  std::vector<Operation> operations;  // the one that started last first
  std::string next_cursor;            // empty: there are no more
};

class OperationRunner {
 public:
  // `node` must outlive it. One runner a node: it keeps two policies of a namespace from getting the same version.
  explicit OperationRunner(Node& node, size_t running_max = kOperationsRunningMax)
      : node_(node), running_max_(running_max) {}

  // Makes this the namespace's policy; what it does not say is decided once, at the start. An error means that nothing
  // was started, or that nobody knows: INVALID_ARGUMENT; ALREADY_EXISTS, the key was used for another policy;
  // FAILED_PRECONDITION, the log needs activate_rules(); RESOURCE_EXHAUSTED; the error of a halted partition;
  // DEADLINE_EXCEEDED. Else the operation, which runs still where the deadline came, or a partition halted, before its
  // last step: resume() goes on with it, as does a retry.
  Result<Operation> set_policy(const PolicyRequest& policy, std::string_view key, Deadline deadline);
  // The first half of it: on the log, with its version, and no step done by this call. Its event carries the actor,
  // correlation_id and traceparent of `by`.
  Result<Operation> start_policy(const PolicyRequest& policy, std::string_view key, Deadline deadline,
                                 const v1::Envelope& by = {});
  // Goes on with a policy that was started, if it runs still. What keeps it from its end is the error.
  Result<Operation> go_on(const Bytes16& id, Deadline deadline);
  // The version that a policy operation sets.
  static uint32_t policy_version(const Operation& operation);

  // The same operation again where the key was used before, with the batches that are done: go on behind them.
  Result<Operation> start_import(std::string_view name_space, std::string_view key, Deadline deadline);
  // Batches are 1, 2, ..., in order; one that is noted already changes nothing. NOT_FOUND; FAILED_PRECONDITION when it
  // is out of order, or the import is finished.
  Result<Operation> note_batch(const Bytes16& id, uint32_t batch, const ImportProgress& progress, Deadline deadline);
  // Ends an operation that whoever started it ends: an import; or, as failed or cancelled, any.
  Result<Operation> finish(const Bytes16& id, v1::OperationOutcome outcome, std::string_view reason, Deadline deadline);

  // Goes on with every policy that is running: to be called when the node has started, and from time to time where
  // partitions may halt. One that can never be done fails. Stops at the first error; what is left runs still.
  Status resume(Deadline deadline);
  // Whether there is one, as far as is applied.
  Result<bool> policy_running() const;

  // What the journal tells, as far as it is applied.
  Result<std::optional<Operation>> find(const Bytes16& id) const;
  // Of those that are `wanted`; all, where that is empty. INVALID_ARGUMENT: no cursor of an answer.
  Result<OperationPage> list(size_t limit, std::string_view cursor, const WantedOperation& wanted = {}) const;
  // What is in force everywhere: of the partitions the lowest version. One that a policy is on its way to comes next.
  Result<Policy> policy(std::string_view name_space) const;

 private:
  PartitionId home(const Bytes16& id) const;
  Result<Operation> known(const Bytes16& id) const;
  Status check_room(const Bytes16& id) const;
  // The one of the highest version that is in force on any partition or on its way there.
  Result<Policy> latest_policy(std::string_view name_space) const;
  Result<Operation> start(v1::OperationStarted start, Deadline deadline, const v1::Envelope& by = {});
  Result<Operation> note_step(const Bytes16& id, uint32_t step, std::string result, Deadline deadline);
  // As Node::write(). A try whose deadline came goes on: the next one with the same event waits for that one.
  Result<Written> write(v1::Envelope envelope, Deadline deadline);
  // DEADLINE_EXCEEDED: something of an earlier call is still on its way.
  Status settle_in_flight(Deadline deadline);
  Result<Operation> journal(v1::Envelope envelope, const Bytes16& id, Deadline deadline);
  Result<Operation> run_policy(Operation operation, Deadline deadline);
  Result<uint32_t> bring_policy_of_step(const Operation& operation, const v1::PolicyUpdated& policy, Deadline deadline);
  Result<uint32_t> bring_policy(const Operation& operation, v1::PolicyUpdated policy, PartitionId partition,
                                Deadline deadline);

  Node& node_;
  const size_t running_max_;
  Mutex in_flight_mutex_;
  // By event id: what was appended and is not known to have come to an end.
  std::map<std::string, std::shared_future<Result<Written>>> in_flight_ MNEMO_GUARDED_BY(in_flight_mutex_);
  std::timed_mutex policies_;  // held while one chooses its version and starts, and while one goes on
};

}  // namespace mnemo
