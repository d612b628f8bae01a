#include "tests/simulation/live.h"

#include "projector/store/pending.h"
#include "tests/simulation/check.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/probes.h"

namespace mnemo::simulation {

Result<bool> Announcements::take(const Id& id, const std::string& meaning) {
  const auto [at, fresh] = known_.try_emplace(id, meaning);
  if (!fresh) probe(Probe::kOutboxSentAgainAfterACrash);
  if (at->second == meaning) return fresh;
  const auto& [epoch, offset, n] = id;
  return differs("the announcement ", epoch, "-", offset, "-", n, " says ", meaning, ", and said ", at->second);
}

Status Announcements::note(const OutboxBatch& batch) {
  for (const Invalidation& i : batch.invalidations) {
    const std::string key = message_key(i.name_space, i.agent_id);
    MNEMO_ASSIGN(const bool fresh, take({batch.epoch, i.offset, i.n}, key + " tier " + std::to_string(i.tier)));
    if (fresh) stale_up_to_[key] = std::max(stale_up_to_[key], i.offset);
  }
  for (const DeadLetter& letter : batch.dead_letters) {
    const std::string reason(skip_reason_name(letter.reason));
    MNEMO_ASSIGN(const bool fresh, take({batch.epoch, letter.offset, 0}, reason + " " + letter.why));
    if (fresh) dead_letters_[letter.offset] = letter.reason;
  }
  return {};
}

Status Announcements::check(const Model& model, const std::map<std::string, uint64_t>& last_change) const {
  if (dead_letters_ != model.skips())
    return differs("announced ", dead_letters_.size(), " dead letters of ", model.skips().size());
  for (const auto& [key, offset] : last_change) {
    const auto at = stale_up_to_.find(key);
    const bool announced = at != stale_up_to_.end() && at->second >= offset;
    if (!announced) return differs("the change at offset ", offset, " was not announced");
  }
  return {};
}

LiveRole::LiveRole(Projection& projection, Ledger& ledger, Announcements& announcements, std::set<uint64_t> skips,
                   bool tells)
    : projection_(projection), ledger_(ledger), announcements_(announcements), skips_(std::move(skips)), tells_(tells) {
  ProjectOptions options;
  options.outcomes = &waiting_;
  options.skips = skips_;
  options.announce = [this](PartitionId /*partition*/, uint64_t /*number*/, const OutboxBatch& batch) {
    return announcements_.note(batch);
  };
  role_ = std::make_unique<ProjectRole>(projection_, std::move(options));
}

Status LiveRole::apply_and_tell(std::span<const LogRecord> records, std::vector<const Outcome*>& told) {
  const Status applied = projection_.apply(records, skips_, &outcomes_, true);
  for (size_t i = 0; i < outcomes_.size(); ++i) told[i] = &outcomes_[i];
  MNEMO_TRY(role_->idle());  // sends what the batch has to announce
  return applied;
}

Status LiveRole::apply_through_role(std::span<const LogRecord> records, std::vector<const Outcome*>& told) {
  delivered_.clear();
  std::set<Bytes16> ids;
  v1::Envelope envelope;
  for (size_t i = 0; i < records.size(); ++i) {
    const auto id = decode(records[i].value, envelope) ? bytes16(envelope.event_id()) : std::nullopt;
    // Of two records with one id, the first is the one that is told of.
    const bool skipped = skips_.contains(records[i].position.offset);
    if (!id || skipped || !ids.insert(*id).second) continue;
    waiting_.expect(projection_.partition(), *id, this,
                    [this, i](const Result<Outcome>& known) { delivered_[i] = *known; });
  }
  const Status applied = role_->handle(records);
  for (const Bytes16& id : ids) waiting_.drop(id, this);
  for (const auto& [i, outcome] : delivered_) told[i] = &outcome;
  return applied;
}

Status LiveRole::handle(std::span<const LogRecord> records) {
  std::vector<const Outcome*> told(records.size(), nullptr);
  const Status applied = tells_ ? apply_and_tell(records, told) : apply_through_role(records, told);
  const Meta meta = projection_.applied();
  const size_t done = meta.next_offset - records.front().position.offset;
  if (done > 0) {
    told.resize(done);
    MNEMO_TRY(ledger_.note_batch(records.first(done), told, meta));
  }
  count_probes(records.first(done));
  if (applied) return {};
  if (applied.error().code != Code::kFailedPrecondition) return applied;
  if (done > 0) probe(Probe::kHaltedInTheMiddleOfABatch);
  MNEMO_TRY(ledger_.note_halt(records[done]));
  return applied;
}

Status LiveRole::idle() { return role_->idle(); }

void LiveRole::count_probes(std::span<const LogRecord> records) const {
  if (records.empty()) return;
  const uint64_t first = records.front().position.offset;
  const uint64_t last = records.back().position.offset;
  for (const DigestPoint& point : projection_.points()) {
    if (point.offset >= first && point.offset < last) probe(Probe::kDigestPointInsideABatch);
    if (!point.settled) probe(Probe::kDigestPointNotSettled);
  }
  const Meta meta = projection_.applied();
  if (meta.pending_first < meta.pending_next && meta.expiry_due) probe(Probe::kExpiryDuringPendingWork);
  const RowReader& rows = projection_.store().rows();
  if (has_rows(rows, keys::Row::kIndexWork).value()) probe(Probe::kMergeUnderWayAtABatchEnd);
  if (meta.pending_first == meta.pending_next) return;
  int forgets = 0;
  const std::string from = keys::start(keys::Row::kPending);
  MNEMO_CHECK(rows.scan(from, prefix_end(from), [&forgets](std::string_view /*key*/, std::string_view row) {
    forgets += row[0] == static_cast<char>(PendingWork::Type::kForgetByFilter) ? 1 : 0;
    return true;
  }));
  if (forgets > 0) probe(Probe::kForgetByFilterSpansEvents);
  if (forgets > 1) probe(Probe::kTwoForgetsByFilterAtWork);
}

}  // namespace mnemo::simulation
