#include "tests/simulation/ledger.h"

#include <algorithm>

#include "projector/store/memory_id.h"
#include "tests/simulation/check.h"
#include "tests/simulation/probes.h"

namespace mnemo::simulation {
namespace {

using Kind = Outcome::Kind;

// Everything but the row's own key bytes, for messages.
std::string text_of(const Outcome& o) {
  return "kind " + std::to_string(static_cast<int>(o.kind)) +
         (o.kind == Kind::kSkipped ? " (" + std::string(skip_reason_name(o.skip)) + ")" : "") + " " +
         std::string(code_name(o.code)) + (o.refused ? " refused" : "") + (o.forgotten ? " forgotten" : "") +
         (o.unchecked ? " unchecked" : "") + (o.pending ? " pending" : "") + " version " + std::to_string(o.version) +
         " count " + std::to_string(o.count) + " event " + to_hex(o.event_id) + " memory " +
         (o.memory_key.empty() ? "" : memory_id_text(o.memory_key)) + " \"" + o.message + "\"";
}

bool same(const Outcome& a, const Outcome& b) { return text_of(a) == text_of(b) && a.record_id == b.record_id; }

}  // namespace

Status Ledger::compare(const Outcome& told, const Expected& expected, const Position& at) const {
  Outcome wanted = expected.outcome;
  if (!expected.memory_id.empty()) wanted.memory_key = memory_key_from_text(expected.memory_id);
  wanted.message = told.message;
  if (wanted.kind != Kind::kSkipped) wanted.skip = told.skip;
  if (expected.forget_by_filter) wanted.count = 0;
  if (expected.repeats_forget) {
    // Done for certain when nothing was pending at some position between the forget and this repetition of it.
    const auto settled = settled_at_.upper_bound(*expected.repeats_forget);
    const bool done = settled != settled_at_.end() && *settled <= at.offset;
    const bool may_be_pending = wanted.pending && !done;
    wanted.pending = told.pending && may_be_pending;
    if (wanted.pending) wanted.count = 0;
  }
  if (same(told, wanted)) return {};
  return differs("record ", to_string(at), " came to\n  ", text_of(told), "\nand not to\n  ", text_of(wanted));
}

Status Ledger::note_record(const LogRecord& record, const Outcome* told) {
  const uint64_t offset = record.position.offset;
  if (offset > told_.size()) return differs("record ", to_string(record.position), " came too early");
  if (offset == told_.size()) {
    const Window before = window_of(record);
    const std::optional<Expected> expected = model_.apply(record, skips_.contains(offset));
    count_window(before, record);
    if (!expected) return differs("record ", to_string(record.position), " should have halted the partition");
    expected_.push_back(*expected);
    told_.emplace_back();
  }
  if (told == nullptr) return {};
  std::optional<Outcome>& known = told_[offset];
  if (!known) {
    known = *told;
    return compare(*told, expected_[offset], record.position);
  }
  if (same(*told, *known)) return {};
  return differs("record ", to_string(record.position), " came to\n  ", text_of(*told), "\nand to\n  ", text_of(*known),
                 "\nbefore");
}

Status Ledger::note_batch(std::span<const LogRecord> records, const std::vector<const Outcome*>& outcomes,
                          const Meta& after) {
  for (size_t i = 0; i < records.size(); ++i) {
    const bool fresh = records[i].position.offset == told_.size();
    MNEMO_TRY(note_record(records[i], outcomes[i]));
    if (!fresh) continue;
    const Outcome& outcome = outcomes[i] != nullptr ? *outcomes[i] : expected_.back().outcome;
    count(records[i], outcome, records.front().position.offset);
    count_pages(records[i], i > 0 && i + 1 < records.size());
  }
  return check_meta(after);
}

Status Ledger::note_halt(const LogRecord& record) {
  if (record.position.offset != told_.size())
    return differs("halted at ", to_string(record.position), ", which was applied");
  if (model_.apply(record, skips_.contains(record.position.offset))) {
    return differs("halted at ", to_string(record.position), ", which can be applied");
  }
  probe(Probe::kHalted);
  v1::Envelope envelope;
  const bool known = decode(record.value, envelope) && !needs_newer_build(envelope);
  if (known) probe(Probe::kHaltedByAnActiveKindOfALaterBuild);
  if (known && !v1::EventKind_IsValid(kind_of(envelope))) probe(Probe::kHaltedByAKindWithoutAName);
  return {};
}

Status Ledger::check_meta(const Meta& meta) {
  Meta comparable = meta;
  comparable.outbox_next = 0;  // one row a batch
  const auto [at, fresh] = metas_.try_emplace(meta.next_offset, comparable);
  if (fresh) {
    if (meta.settled()) settled_at_.insert(meta.next_offset);
    return {};
  }
  std::string one;
  std::string other;
  encode_meta(at->second, one);
  encode_meta(comparable, other);
  if (one == other) return {};
  const auto text = [](const Meta& m) {
    return "state " + to_hex(m.state) + " content " + to_hex(m.content) + " seq " + std::to_string(m.seq) + " time " +
           std::to_string(m.event_time_ms) + " pending " + std::to_string(m.pending_first) + ".." +
           std::to_string(m.pending_next);
  };
  return differs("at offset ", meta.next_offset, ": ", text(meta), "; before: ", text(at->second));
}

// --- Probes ---

void Ledger::count_duplicate(const LogRecord& record, const Outcome& outcome, uint64_t batch_start) {
  const auto first = acted_at_.find(outcome.event_id);
  if (first != acted_at_.end()) {
    if (first->second >= batch_start) probe(Probe::kDuplicateInTheSameBatch);
    const auto between = [&](uint64_t crash) { return first->second < crash && crash <= record.position.offset; };
    if (std::any_of(crashed_at_.begin(), crashed_at_.end(), between)) probe(Probe::kDuplicateAcrossACrash);
  }
  v1::Envelope envelope;
  const bool remembered = decode(record.value, envelope) && envelope.has_remembered();
  if (outcome.kind == Kind::kConflict) {
    if (!remembered) probe(Probe::kConflictInTheKeyWindow);
    if (remembered) probe(outcome.forgotten ? Probe::kConflictAfterForget : Probe::kConflictWithALiveMemory);
    return;
  }
  if (outcome.unchecked) probe(Probe::kDuplicateByKeyAlone);
  if (outcome.refused) probe(Probe::kDuplicateOfARejection);
  if (outcome.forgotten && remembered) probe(Probe::kDuplicateOfAForgottenMemory);
  if (outcome.forgotten && !remembered) probe(Probe::kDuplicateThatFindsItsMemoryGone);
  if (envelope.has_forgotten_by_filter() && !outcome.pending && outcome.count > 0) {
    probe(Probe::kForgetByFilterAnswersItsCount);
  }
}

namespace {

bool is_operation(v1::EventKind kind) {
  return kind == v1::EVENT_KIND_OPERATION_STARTED || kind == v1::EVENT_KIND_OPERATION_STEP_DONE ||
         kind == v1::EVENT_KIND_OPERATION_FINISHED;
}

void count_operation(v1::EventKind kind, const Outcome& outcome) {
  const bool start = kind == v1::EVENT_KIND_OPERATION_STARTED;
  const bool step = kind == v1::EVENT_KIND_OPERATION_STEP_DONE;
  const bool refused = outcome.kind == Kind::kSkipped && outcome.skip == SkipReason::kInvalid;
  if (refused) probe(start ? Probe::kOperationAwayFromHome : step ? Probe::kStepRefused : Probe::kEndRefused);
  if (outcome.kind == Kind::kConflict) probe(Probe::kOperationStartedWithAnotherRequest);
  if (outcome.kind != Kind::kDuplicate) return;
  probe(start ? Probe::kOperationStartedTwice : step ? Probe::kStepDoneTwice : Probe::kOperationFinishedTwice);
}

Probe probe_of(SkipReason reason) {
  switch (reason) {
    case SkipReason::kUndecodable: return Probe::kSkippedUndecodable;
    case SkipReason::kInvalid: return Probe::kSkippedInvalid;
    case SkipReason::kKindNotActive: return Probe::kSkippedKindNotActive;
    case SkipReason::kKeyMismatch: return Probe::kSkippedKeyMismatch;
    case SkipReason::kWrongPartition: return Probe::kSkippedWrongPartition;
    case SkipReason::kOperator: return Probe::kSkippedByOperator;
    case SkipReason::kOldEpoch: return Probe::kSkippedOldEpoch;
  }
  return Probe::kSkippedInvalid;
}

}  // namespace

void Ledger::count(const LogRecord& record, const Outcome& outcome, uint64_t batch_start) {
  v1::Envelope envelope;
  if (!decode(record.value, envelope)) envelope.Clear();
  const v1::EventKind kind = kind_of(envelope);
  if (is_operation(kind)) return count_operation(kind, outcome);
  switch (outcome.kind) {
    case Kind::kSkipped:
      probe(probe_of(outcome.skip));
      if (outcome.skip == SkipReason::kKindNotActive) inactive_.insert(kind);
      if (!v1::EventKind_IsValid(kind)) probe(Probe::kSkippedInactiveKindOfALaterBuild);
      if (outcome.skip == SkipReason::kInvalid && envelope.has_rules_activated()) probe(Probe::kRulesRefused);
      if (outcome.skip == SkipReason::kInvalid && envelope.has_policy_updated()) probe(Probe::kPolicyRefused);
      return;
    case Kind::kControl:
      if (envelope.has_rules_activated() && envelope.rules_activated().rules_version() > 1) probe(Probe::kRulesChanged);
      return;
    case Kind::kDuplicate:
    case Kind::kConflict: count_duplicate(record, outcome, batch_start); return;
    case Kind::kRejected:
      if (outcome.code == Code::kAborted) probe(Probe::kVersionIsNotTheExpectedOne);
      if (outcome.code == Code::kResourceExhausted) probe(Probe::kLinkLimit);
      break;
    case Kind::kApplied:
      if (inactive_.contains(kind)) probe(Probe::kKindActivatedLater);
      if (envelope.has_embedding_attached() && outcome.count == 0) probe(Probe::kLateEmbedding);
      if (envelope.has_remembered() || envelope.has_updated() || envelope.has_forgotten()) {
        last_change_[std::string(record.key)] = record.position.offset;
      }
      if (envelope.has_remembered() && !envelope.remembered().memory_id().empty() &&
          !envelope.idempotency_key().empty()) {
        probe(Probe::kIdAndKeyOfOneMemory);
      }
      break;
  }
  acted_at_[outcome.event_id] = record.position.offset;
  if (envelope.recorded_at_ms() > record.appended_at_ms) probe(Probe::kProducerAheadOfTheLog);
  if (envelope.recorded_at_ms() != 0 && envelope.recorded_at_ms() < model_.event_time_ms()) {
    probe(Probe::kProducerBehindEventTime);
  }
}

Ledger::Window Ledger::window_of(const LogRecord& record) const {
  const auto agent = model_.agents().find(std::string(record.key));
  if (agent == model_.agents().end() || agent->second.key_order.empty()) return {};
  return {agent->second.key_order.front(), agent->second.key_order.size()};
}

void Ledger::count_window(const Window& before, const LogRecord& record) {
  const auto at = model_.agents().find(std::string(record.key));
  if (at == model_.agents().end() || before.size == 0) return;
  const ModelAgent& agent = at->second;
  if (left_.contains(at->first + agent.key_order.back())) probe(Probe::kKeyActsAgainAfterLeaving);
  if (agent.keys.contains(before.oldest)) return;
  probe(Probe::kKeyLeftTheWindow);
  left_.insert(at->first + before.oldest);
  if (agent.key_order.size() < before.size) probe(Probe::kWindowShrankByTwo);
}

void Ledger::count_pages(const LogRecord& record, bool inside_batch) {
  const auto agent = model_.agents().find(std::string(record.key));
  if (agent == model_.agents().end()) return;
  uint32_t& docs = docs_[agent->first];
  const bool filled = docs / kPageDocs != agent->second.docs / kPageDocs;
  docs = agent->second.docs;
  if (filled && inside_batch) probe(Probe::kPageFullInTheMiddleOfABatch);
}

}  // namespace mnemo::simulation
