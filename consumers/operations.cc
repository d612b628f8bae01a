#include "consumers/operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "events/coding.h"
#include "events/hash.h"

namespace mnemo {
namespace {

constexpr std::string_view kPolicy = "policy";
constexpr std::string_view kImport = "import";
constexpr std::string_view kVersionIs = "version=";
constexpr int64_t kStays = -1;      // as ttl_ms, in fingerprints alone
constexpr uint32_t kSaidFalse = 1;  // as version, in fingerprints alone

std::string string_of(const Bytes16& id) { return {id.begin(), id.end()}; }

// The same id for the same thing, whoever comes to it, and however often.
Bytes16 derived_id(std::string_view what, std::string_view of) {
  return blake2b_128(fmt::format("mnemo operation: {}", what).append(1, '\0').append(of));
}
std::string derived_id(std::string_view what, const Bytes16& operation, uint32_t number) {
  std::string of = string_of(operation);
  put_be32(of, number);
  return string_of(derived_id(what, of));
}

Bytes16 operation_id(Node& node, std::string_view kind, std::string_view name_space, std::string_view key) {
  if (key.empty()) return node.next_id();
  return derived_id(kind, message_key(name_space, key));
}

std::string event_id_of(const v1::Envelope& envelope, const Bytes16& id) {
  if (envelope.has_operation_started()) return derived_id("started", id, 0);
  if (envelope.has_operation_step_done()) return derived_id("step done", id, envelope.operation_step_done().step());
  return derived_id("finished", id, static_cast<uint32_t>(envelope.operation_finished().outcome()));
}

Status check_active(const Rules& rules) {
  const bool active = rules.active(v1::EVENT_KIND_OPERATION_STARTED) &&
                      rules.active(v1::EVENT_KIND_OPERATION_STEP_DONE) &&
                      rules.active(v1::EVENT_KIND_OPERATION_FINISHED);
  if (active) return {};
  return fail(Code::kFailedPrecondition,
              "this log was made by an older mnemo, and operations of several steps are not active on it: `mnemo rules "
              "activate` makes them so, after which older ones cannot follow it");
}

// What was asked for, before anything is decided. What is to stay stands as no policy that is said has it, so that the
// retry of such a request is told from one that says what stayed. `record_access` false was not told from none before
// there was a difference: so none keeps the fingerprint that both had.
v1::Envelope envelope_of(const PolicyRequest& asked) {
  v1::Envelope envelope;
  v1::PolicyUpdated& policy = *envelope.mutable_policy_updated();
  policy.set_namespace_(asked.name_space);
  policy.set_ttl_ms(asked.ttl_ms.value_or(kStays));
  policy.set_record_access(asked.record_access.value_or(false));
  if (asked.record_access == false) policy.set_version(kSaidFalse);
  return envelope;
}

// What comes again however often a step is tried.
bool is_final(const Error& error) { return error.code == Code::kInternal || error.code == Code::kInvalidArgument; }

}  // namespace

PartitionId OperationRunner::home(const Bytes16& id) const { return operation_home(string_of(id), node_.partitions()); }

Result<std::optional<Operation>> OperationRunner::find(const Bytes16& id) const {
  MNEMO_ASSIGN(const auto view, node_.view(home(id)));
  return find_operation(*view, id);
}

Result<Operation> OperationRunner::known(const Bytes16& id) const {
  MNEMO_ASSIGN(const std::optional<Operation> found, find(id));
  if (found) return *found;
  return fail(Code::kNotFound, fmt::format("there is no operation {}, or it finished long ago", to_hex(id)));
}

// --- The journal ---

// What is on its way to the log is no part of the log's end yet, so that waiting for that would not tell of it.
// Appended again, an event would be skipped where its first copy has acted: a dead letter of nobody's making.
Result<Written> OperationRunner::write(v1::Envelope envelope, Deadline deadline) {
  const std::string event_id = envelope.event_id();
  std::shared_future<Result<Written>> written;
  {
    const MutexLock lock(in_flight_mutex_);
    // One that came to its end since it was looked for stays the answer; one that failed is tried again.
    std::erase_if(in_flight_, [&event_id](const auto& each) {
      const bool ended = each.second.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
      return ended && (each.first != event_id || !each.second.get());
    });
    const auto found = in_flight_.find(event_id);
    if (found != in_flight_.end()) {
      written = found->second;
    } else {
      const auto promise = std::make_shared<std::promise<Result<Written>>>();
      written = promise->get_future().share();
      std::vector<v1::Envelope> one;
      one.push_back(std::move(envelope));
      MNEMO_TRY(node_.write_all(std::move(one), [promise](size_t /*number*/, Result<Written> result) {
        promise->set_value(std::move(result));
      }));
      in_flight_.emplace(event_id, written);
    }
  }
  if (written.wait_until(deadline) == std::future_status::ready) return written.get();
  return fail(Code::kDeadlineExceeded, "the operation's next event was not applied in time: it goes on", true);
}

// What a view does not show yet: whoever decides from one what comes next waits for that first.
Status OperationRunner::settle_in_flight(Deadline deadline) {
  std::vector<std::shared_future<Result<Written>>> writes;
  {
    const MutexLock lock(in_flight_mutex_);
    for (const auto& [event_id, written] : in_flight_) writes.push_back(written);
  }
  const bool settled = std::ranges::all_of(
      writes, [deadline](const auto& each) { return each.wait_until(deadline) == std::future_status::ready; });
  if (settled) return {};
  return fail(Code::kDeadlineExceeded, "events of operations are on their way to the log: ask again with the same key",
              true);
}

Result<Operation> OperationRunner::journal(v1::Envelope envelope, const Bytes16& id, Deadline deadline) {
  set_control_partition(envelope, home(id));
  envelope.set_event_id(event_id_of(envelope, id));
  MNEMO_ASSIGN(const Written written, write(std::move(envelope), deadline));
  const Outcome& outcome = written.outcome;
  if (outcome.kind == Outcome::Kind::kConflict) return fail(Code::kAlreadyExists, outcome.message);
  if (outcome.kind == Outcome::Kind::kSkipped) return fail(Code::kFailedPrecondition, outcome.message);
  return known(id);
}

Status OperationRunner::check_room(const Bytes16& id) const {
  MNEMO_ASSIGN(const auto view, node_.view(home(id)));
  MNEMO_ASSIGN(const auto running, running_operations(*view));
  if (running.size() < running_max_) return {};
  return fail(Code::kResourceExhausted,
              fmt::format("{} operations are running, the limit: finish or cancel one", running.size()), true);
}

// Finds the operation where it was started before, or starts it.
Result<Operation> OperationRunner::start(v1::OperationStarted start, Deadline deadline, const v1::Envelope& by) {
  const Bytes16 id = bytes16(start.operation_id()).value();
  MNEMO_TRY(settle_in_flight(deadline));
  MNEMO_TRY(node_.wait_applied(home(id), deadline));
  MNEMO_ASSIGN(const std::optional<Operation> found, find(id));
  if (!found) {
    MNEMO_TRY(check_active(*node_.projection(home(id)).rules()));
    MNEMO_TRY(check_room(id));
    v1::Envelope envelope;
    envelope.set_actor(by.actor());
    envelope.set_correlation_id(by.correlation_id());
    envelope.set_traceparent(by.traceparent());
    *envelope.mutable_operation_started() = std::move(start);
    return journal(std::move(envelope), id, deadline);
  }
  if (found->fingerprint == start.fingerprint()) return *found;
  return fail(Code::kAlreadyExists,
              fmt::format("the idempotency key was used for another request, operation {}: use another", to_hex(id)));
}

Result<Operation> OperationRunner::note_step(const Bytes16& id, uint32_t step, std::string result, Deadline deadline) {
  v1::Envelope envelope;
  v1::OperationStepDone& e = *envelope.mutable_operation_step_done();
  e.set_operation_id(string_of(id));
  e.set_step(step);
  e.set_result(std::move(result));
  return journal(std::move(envelope), id, deadline);
}

Result<Operation> OperationRunner::finish(const Bytes16& id, v1::OperationOutcome outcome, std::string_view reason,
                                          Deadline deadline) {
  MNEMO_TRY(node_.wait_applied(home(id), deadline));
  MNEMO_ASSIGN(const Operation before, known(id));
  const bool ended = !before.running() && static_cast<int>(before.state) == static_cast<int>(outcome);
  if (ended) return before;
  const bool early = outcome == v1::OPERATION_OUTCOME_DONE && before.done < before.steps;
  if (!before.running() || early) {
    return fail(Code::kFailedPrecondition, fmt::format("the operation is {}, with {} of {} steps done",
                                                       operation_state_name(before.state), before.done, before.steps));
  }
  v1::Envelope envelope;
  v1::OperationFinished& e = *envelope.mutable_operation_finished();
  e.set_operation_id(string_of(id));
  e.set_outcome(outcome);
  e.set_reason(std::string(reason));
  return journal(std::move(envelope), id, deadline);
}

// --- Policies ---

uint32_t OperationRunner::policy_version(const Operation& operation) {
  v1::PolicyUpdated policy;
  if (operation.running() && policy.ParseFromString(operation.request)) return policy.version();
  uint32_t version = 0;
  const std::string_view result = operation.result;
  if (!result.starts_with(kVersionIs)) return 0;
  std::from_chars(result.data() + kVersionIs.size(), result.data() + result.size(), version);
  return version;
}

Result<Policy> OperationRunner::latest_policy(std::string_view name_space) const {
  Policy latest;
  for (uint32_t p = 0; p < node_.partitions(); ++p) {
    MNEMO_ASSIGN(const auto view, node_.view(PartitionId(p)));
    MNEMO_ASSIGN(const Policy policy, read_policy(*view, name_space));
    if (policy.version > latest.version) latest = policy;
    MNEMO_ASSIGN(const auto running, running_operations(*view));
    for (const Operation& operation : running) {
      v1::PolicyUpdated request;
      const bool ours =
          operation.kind == kPolicy && request.ParseFromString(operation.request) && request.namespace_() == name_space;
      if (ours && request.version() > latest.version) {
        latest = {request.version(), request.ttl_ms(), request.record_access()};
      }
    }
  }
  return latest;
}

Result<Operation> OperationRunner::start_policy(const PolicyRequest& policy, std::string_view key, Deadline deadline,
                                                const v1::Envelope& by) {
  const std::string fingerprint = string_of(node_.fingerprint(envelope_of(policy)));
  const std::unique_lock lock(policies_, deadline);
  if (!lock) return fail(Code::kDeadlineExceeded, "another policy was being set: ask again with the same key", true);
  MNEMO_TRY(settle_in_flight(deadline));
  MNEMO_TRY(node_.wait_applied(deadline));
  MNEMO_ASSIGN(const Policy latest, latest_policy(policy.name_space));
  v1::PolicyUpdated request;
  request.set_namespace_(policy.name_space);
  request.set_version(latest.version + 1);
  request.set_ttl_ms(policy.ttl_ms.value_or(latest.ttl_ms));
  request.set_record_access(policy.record_access.value_or(latest.record_access));
  v1::Envelope checked;
  *checked.mutable_policy_updated() = request;
  MNEMO_TRY(node_.prepare(checked));

  v1::OperationStarted start;
  start.set_operation_id(string_of(operation_id(node_, kPolicy, policy.name_space, key)));
  start.set_kind(std::string(kPolicy));
  start.set_namespace_(policy.name_space);
  start.set_steps(node_.partitions());
  start.set_request(request.SerializeAsString());
  start.set_fingerprint(fingerprint);
  return this->start(std::move(start), deadline, by);
}

Result<Operation> OperationRunner::go_on(const Bytes16& id, Deadline deadline) {
  const std::unique_lock lock(policies_, deadline);
  if (!lock) return fail(Code::kDeadlineExceeded, "another policy was being set", true);
  MNEMO_TRY(node_.wait_applied(deadline));
  MNEMO_ASSIGN(Operation operation, known(id));
  const bool ours = operation.running() && operation.kind == kPolicy;
  return ours ? run_policy(std::move(operation), deadline) : operation;
}

Result<Operation> OperationRunner::set_policy(const PolicyRequest& policy, std::string_view key, Deadline deadline) {
  MNEMO_ASSIGN(const Operation started, start_policy(policy, key, deadline));
  Result<Operation> run = go_on(started.id, deadline);
  // What was started will be done: the journal tells how far it is.
  return run ? run : known(started.id);
}

Result<Operation> OperationRunner::run_policy(Operation operation, Deadline deadline) {
  v1::PolicyUpdated policy;
  if (!policy.ParseFromString(operation.request)) {
    return finish(operation.id, v1::OPERATION_OUTCOME_FAILED, "its request is no policy", deadline);
  }
  while (operation.done < operation.steps) {
    const Result<uint32_t> in_force = bring_policy_of_step(operation, policy, deadline);
    if (!in_force && is_final(in_force.error())) {
      const std::string_view why = std::string_view(in_force.error().message).substr(0, kReasonBytesMax);
      return finish(operation.id, v1::OPERATION_OUTCOME_FAILED, why, deadline);
    }
    if (!in_force) return fail(in_force.error());
    std::string result = fmt::format("{}{}", kVersionIs, policy.version());
    if (*in_force > policy.version()) result += fmt::format(" superseded_by={}", *in_force);
    MNEMO_ASSIGN(operation, note_step(operation.id, operation.done + 1, std::move(result), deadline));
  }
  return finish(operation.id, v1::OPERATION_OUTCOME_DONE, "", deadline);
}

// One partition a step; others only on a copy of the log that has another number of them.
Result<uint32_t> OperationRunner::bring_policy_of_step(const Operation& operation, const v1::PolicyUpdated& policy,
                                                       Deadline deadline) {
  uint32_t in_force = 0;
  for (uint32_t p = operation.done; p < node_.partitions(); p += operation.steps) {
    MNEMO_ASSIGN(in_force, bring_policy(operation, policy, PartitionId(p), deadline));
  }
  return in_force;
}

// The version that is in force on the partition afterwards. One that is there already, or a later one, stays.
Result<uint32_t> OperationRunner::bring_policy(const Operation& operation, v1::PolicyUpdated policy,
                                               PartitionId partition, Deadline deadline) {
  const auto in_force = [&]() -> Result<uint32_t> {
    MNEMO_ASSIGN(const auto view, node_.view(partition));
    MNEMO_ASSIGN(const Policy now, read_policy(*view, policy.namespace_()));
    return now.version;
  };
  MNEMO_ASSIGN(const uint32_t before, in_force());
  if (before >= policy.version()) return before;
  v1::Envelope envelope;
  envelope.set_event_id(derived_id("policy event", operation.id, partition.value));
  envelope.set_causation_id(to_hex(operation.id));
  policy.set_partition(partition.value);
  *envelope.mutable_policy_updated() = policy;
  MNEMO_ASSIGN(const Written written, write(std::move(envelope), deadline));
  MNEMO_ASSIGN(const uint32_t after, in_force());
  if (after >= policy.version()) return after;
  return fail(Code::kInternal,
              fmt::format("the policy was not taken by partition {}: {}", partition.value, written.outcome.message));
}

Status OperationRunner::resume(Deadline deadline) {
  MNEMO_TRY(settle_in_flight(deadline));
  MNEMO_TRY(node_.wait_applied(deadline));
  for (uint32_t p = 0; p < node_.partitions(); ++p) {
    MNEMO_ASSIGN(auto view, node_.view(PartitionId(p)));
    MNEMO_ASSIGN(const std::vector<Operation> running, running_operations(*view));
    view.reset();
    for (const Operation& operation : running) {
      if (operation.kind == kPolicy) MNEMO_TRY(go_on(operation.id, deadline));
    }
  }
  return {};
}

Result<bool> OperationRunner::policy_running() const {
  for (uint32_t p = 0; p < node_.partitions(); ++p) {
    MNEMO_ASSIGN(const auto view, node_.view(PartitionId(p)));
    MNEMO_ASSIGN(const std::vector<Operation> running, running_operations(*view));
    if (std::ranges::any_of(running, [](const Operation& o) { return o.kind == kPolicy; })) return true;
  }
  return false;
}

Result<Policy> OperationRunner::policy(std::string_view name_space) const {
  std::optional<Policy> lowest;
  for (uint32_t p = 0; p < node_.partitions(); ++p) {
    MNEMO_ASSIGN(const auto view, node_.view(PartitionId(p)));
    MNEMO_ASSIGN(const Policy policy, read_policy(*view, name_space));
    if (!lowest || policy.version < lowest->version) lowest = policy;
  }
  return lowest.value();
}

// --- Imports ---

Result<Operation> OperationRunner::start_import(std::string_view name_space, std::string_view key, Deadline deadline) {
  v1::OperationStarted start;
  start.set_operation_id(string_of(operation_id(node_, kImport, name_space, key)));
  start.set_kind(std::string(kImport));
  start.set_namespace_(std::string(name_space));
  return this->start(std::move(start), deadline);
}

Result<Operation> OperationRunner::note_batch(const Bytes16& id, uint32_t batch, const ImportProgress& progress,
                                              Deadline deadline) {
  MNEMO_TRY(node_.wait_applied(home(id), deadline));
  MNEMO_ASSIGN(const Operation before, known(id));
  if (batch > 0 && batch <= before.done) return before;
  const bool next = before.running() && before.kind == kImport && batch == before.done + 1;
  if (!next) {
    return fail(Code::kFailedPrecondition,
                fmt::format("the operation is {}, of kind {}, with {} batches noted: the next one is {}, not {}",
                            operation_state_name(before.state), before.kind, before.done, before.done + 1, batch));
  }
  return note_step(id, batch,
                   fmt::format("lines={} created={} duplicates={} failed={}", progress.lines, progress.created,
                               progress.duplicates, progress.failed),
                   deadline);
}

}  // namespace mnemo
