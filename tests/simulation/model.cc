#include "tests/simulation/model.h"

#include <algorithm>

namespace mnemo::simulation {
namespace {

using Kind = Outcome::Kind;

TimestampMs recorded_at(const v1::Envelope& envelope, const LogRecord& record) {
  const TimestampMs given = envelope.recorded_at_ms();
  return given == 0 ? record.appended_at_ms : std::min(given, record.appended_at_ms);
}

Bytes16 id_of(const v1::Envelope& envelope) { return bytes16(envelope.event_id()).value_or(Bytes16{}); }

}  // namespace

const ModelMemory* ModelAgent::find_live(const std::string& id) const {
  const auto at = memories.find(id);
  return at != memories.end() && at->second.live() ? &at->second : nullptr;
}

std::optional<Expected> Model::apply(const LogRecord& record, bool skip) {
  Expected expected;
  Outcome& outcome = expected.outcome;
  const auto skipped = [&](SkipReason reason) {
    skips_[record.position.offset] = reason;
    outcome.kind = Kind::kSkipped;
    outcome.skip = reason;
    return expected;
  };
  v1::Envelope envelope;
  if (skip) return skipped(SkipReason::kOperator);
  if (!decode(record.value, envelope)) return skipped(SkipReason::kUndecodable);
  if (needs_newer_build(envelope)) return std::nullopt;
  outcome.record_id = outcome.event_id = id_of(envelope);
  if (envelope.event_id().size() != 16) return skipped(SkipReason::kInvalid);
  if (!rules_.active(kind_of(envelope))) return skipped(SkipReason::kKindNotActive);
  if (!kind_supported(kind_of(envelope))) return std::nullopt;
  const bool control = is_control(kind_of(envelope));
  const std::string key = control ? std::string("\x1f") : envelope.namespace_() + '\x1f' + envelope.agent_id();
  if (record.key != key) return skipped(SkipReason::kKeyMismatch);
  if (!validate(envelope, rules_)) return skipped(SkipReason::kInvalid);
  const PartitionId own = control ? *control_partition(envelope) : partition_of(key, log_.partitions);
  if (own != partition_) return skipped(SkipReason::kWrongPartition);
  if (control) {
    bool halts = false;
    outcome.kind = Kind::kControl;
    const auto refused = apply_control(record, envelope, outcome, halts);
    if (halts) return std::nullopt;
    if (refused) return skipped(*refused);
    counts_.control += outcome.kind == Kind::kControl ? 1 : 0;
    counts_.duplicates += outcome.kind == Kind::kDuplicate ? 1 : 0;
    counts_.conflicts += outcome.kind == Kind::kConflict ? 1 : 0;
    expire(event_time_ms_);
    return expected;
  }
  Event event{&envelope, outcome.event_id, recorded_at(envelope, record), 0, record.position.offset};
  event.now_ms = std::max(event_time_ms_, event.recorded_at_ms);
  if (!apply_agent_event(event, expected)) return std::nullopt;
  counts_.duplicates += outcome.kind == Kind::kDuplicate ? 1 : 0;
  counts_.conflicts += outcome.kind == Kind::kConflict ? 1 : 0;
  return expected;
}

std::optional<SkipReason> Model::apply_control(const LogRecord& record, const v1::Envelope& envelope, Outcome& outcome,
                                               bool& halts) {
  switch (kind_of(envelope)) {
    case v1::EVENT_KIND_EPOCH_STARTED: {
      const v1::EpochStarted& e = envelope.epoch_started();
      const bool ours = bytes16(e.log_id()) == log_.log_id && e.partitions() == log_.partitions;
      if (!ours || e.epoch() != record.position.epoch || e.epoch() <= epoch_) return SkipReason::kOldEpoch;
      epoch_ = e.epoch();
      return std::nullopt;
    }
    case v1::EVENT_KIND_RULES_ACTIVATED: {
      const Result<Rules> next = next_rules(rules_, envelope.rules_activated());
      if (!next) return SkipReason::kInvalid;
      rules_ = *next;
      return std::nullopt;
    }
    case v1::EVENT_KIND_POLICY_UPDATED: {
      const v1::PolicyUpdated& e = envelope.policy_updated();
      if (policies_.contains(e.namespace_()) && e.version() <= policies_[e.namespace_()].version) {
        return SkipReason::kInvalid;
      }
      policies_[e.namespace_()] = {e.version(), e.ttl_ms()};
      return std::nullopt;
    }
    case v1::EVENT_KIND_TICKED:
      event_time_ms_ = std::max(event_time_ms_, std::min(envelope.ticked().time_ms(), record.appended_at_ms));
      return std::nullopt;
    case v1::EVENT_KIND_SKIP_RECORDED: {
      const v1::SkipRecorded& e = envelope.skip_recorded();
      const bool decides = e.epoch() == log_.epoch && e.offset() >= 2 && e.offset() < record.position.offset;
      return decides ? std::nullopt : std::optional(SkipReason::kInvalid);
    }
    case v1::EVENT_KIND_OPERATION_STARTED:
      return operation_started(envelope.operation_started(), recorded_at(envelope, record), outcome);
    case v1::EVENT_KIND_OPERATION_STEP_DONE: return operation_step_done(envelope.operation_step_done(), outcome);
    case v1::EVENT_KIND_OPERATION_FINISHED:
      return operation_finished(envelope.operation_finished(), recorded_at(envelope, record), outcome);
    case v1::EVENT_KIND_SUBJECT_ERASED: halts = true; return std::nullopt;
    case v1::EVENT_KIND_UNSPECIFIED:
    case v1::EVENT_KIND_REMEMBERED:
    case v1::EVENT_KIND_UPDATED:
    case v1::EVENT_KIND_FORGOTTEN:
    case v1::EVENT_KIND_FORGOTTEN_BY_FILTER:
    case v1::EVENT_KIND_ACCESSED:
    case v1::EVENT_KIND_CONSOLIDATE_REQUESTED:
    case v1::EVENT_KIND_PRUNE_REQUESTED:
    case v1::EVENT_KIND_EMBEDDING_ATTACHED:
    case v1::EVENT_KIND_SUMMARY_ATTACHED:
    case v1::EVENT_KIND_LINKED:
    case v1::EVENT_KIND_UNLINKED:
    case v1::EVENT_KIND_IMPORTED:
    case v1::EventKind_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::EventKind_INT_MAX_SENTINEL_DO_NOT_USE_: break;
  }
  MNEMO_CHECK(!"a control event");
  return std::nullopt;
}

bool Model::apply_agent_event(const Event& event, Expected& expected) {
  const v1::Envelope& e = *event.envelope;
  const auto [at, fresh] = agents_.try_emplace(message_key(e.namespace_(), e.agent_id()));
  ModelAgent& agent = at->second;
  if (fresh) {
    agent.name_space = e.namespace_();
    agent.agent_id = e.agent_id();
    agent.order = static_cast<uint32_t>(agents_.size() - 1);
  }
  switch (kind_of(e)) {
    case v1::EVENT_KIND_REMEMBERED: remembered(agent, event, expected); return true;
    case v1::EVENT_KIND_UPDATED: updated(agent, event, expected); return true;
    case v1::EVENT_KIND_FORGOTTEN: forgotten(agent, event, expected); return true;
    case v1::EVENT_KIND_FORGOTTEN_BY_FILTER: forgotten_by_filter(agent, event, expected); return true;
    case v1::EVENT_KIND_ACCESSED: accessed(agent, event, expected); return true;
    case v1::EVENT_KIND_EMBEDDING_ATTACHED: embedding_attached(agent, event, expected); return true;
    case v1::EVENT_KIND_LINKED: linked(agent, event, expected); return true;
    case v1::EVENT_KIND_UNLINKED: unlinked(agent, event, expected); return true;
    case v1::EVENT_KIND_CONSOLIDATE_REQUESTED:
    case v1::EVENT_KIND_PRUNE_REQUESTED:
    case v1::EVENT_KIND_SUMMARY_ATTACHED:
    case v1::EVENT_KIND_IMPORTED:
      if (fresh) agents_.erase(at);
      return false;
    case v1::EVENT_KIND_UNSPECIFIED:
    case v1::EVENT_KIND_EPOCH_STARTED:
    case v1::EVENT_KIND_RULES_ACTIVATED:
    case v1::EVENT_KIND_POLICY_UPDATED:
    case v1::EVENT_KIND_TICKED:
    case v1::EVENT_KIND_SKIP_RECORDED:
    case v1::EVENT_KIND_OPERATION_STARTED:
    case v1::EVENT_KIND_OPERATION_STEP_DONE:
    case v1::EVENT_KIND_OPERATION_FINISHED:
    case v1::EVENT_KIND_SUBJECT_ERASED:
    case v1::EventKind_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::EventKind_INT_MAX_SENTINEL_DO_NOT_USE_: break;
  }
  MNEMO_CHECK(!"an agent event");
  return false;
}

// --- Keys ---

namespace {

std::string key_name(const v1::Envelope& e) {
  return e.idempotency_key().empty() ? "e" + e.event_id() : "k" + e.idempotency_key();
}

}  // namespace

// Same key: is it the same request? Without both fingerprints nobody knows.
void Model::compare(const std::string& first, const std::string& now, Outcome& outcome) {
  outcome.unchecked = first.empty() || now.empty();
  outcome.kind = outcome.unchecked || first == now ? Kind::kDuplicate : Kind::kConflict;
  if (outcome.kind == Kind::kDuplicate) return;
  outcome.code = Code::kAlreadyExists;
  outcome.refused = true;
}

bool Model::answer_from_key(ModelAgent& agent, const Event& event, Expected& expected) {
  const auto at = agent.keys.find(key_name(*event.envelope));
  if (at == agent.keys.end()) return false;
  const ModelKey& key = at->second;
  const Bytes16 record_id = expected.outcome.record_id;
  Outcome compared;
  compare(key.fingerprint, event.envelope->fingerprint(), compared);
  expected.memory_id = key.memory_id;
  if (compared.kind == Kind::kConflict) {
    expected.outcome = compared;
    expected.outcome.event_id = key.outcome.event_id;
  } else {
    expected.outcome = key.outcome;
    expected.outcome.kind = Kind::kDuplicate;
    expected.outcome.unchecked = compared.unchecked;
    if (key.forget) expected.repeats_forget = key.offset;
    const auto memory = agent.memories.find(key.memory_id);
    const bool known = memory != agent.memories.end();
    expected.outcome.forgotten = known && (!memory->second.live() || memory->second.now().gone_at(event.now_ms));
  }
  expected.outcome.record_id = record_id;
  return true;
}

void Model::accept(ModelAgent& agent, const Event& event, Expected& expected, bool keyed) {
  Outcome& outcome = expected.outcome;
  outcome.event_id = event.id;
  ++(outcome.kind == Kind::kRejected ? counts_.rejected : counts_.applied);
  event_time_ms_ = event.now_ms;
  if (keyed) {
    const std::string name = key_name(*event.envelope);
    agent.key_order.push_back(name);
    for (int i = 0; i < 2 && agent.key_order.size() > rules_.key_window; ++i) {
      agent.keys.erase(agent.key_order.front());
      agent.key_order.pop_front();
    }
    agent.keys[name] = {event.envelope->fingerprint(), outcome, expected.memory_id, expected.forget_by_filter,
                        event.offset};
  }
  expire(event.now_ms);
}

void Model::reject(ModelAgent& agent, const Event& event, Code code, Expected& expected) {
  ++seq_;
  expected.outcome.kind = Kind::kRejected;
  expected.outcome.code = code;
  expected.outcome.refused = true;
  accept(agent, event, expected, true);
}

void Model::expire(TimestampMs now_ms) {
  for (auto& [key, agent] : agents_) {
    for (auto& [id, memory] : agent.memories) {
      if (!memory.live() || !memory.now().gone_at(now_ms)) continue;
      memory.state = ModelMemory::State::kExpired;
      ++counts_.expired;
    }
  }
}

}  // namespace mnemo::simulation
