// How a seed ends: everything is applied, settled, and compared.
#include <algorithm>

#include "tests/simulation/check.h"
#include "tests/simulation/partition_counts.h"
#include "tests/simulation/probes.h"
#include "tests/simulation/simulator.h"

namespace mnemo::simulation {
namespace {

constexpr int kSettleRoundsMax = 20000;

// What an event that finds its memory gone finds in the rows: is there more than a tombstone yet?
Status look_before(const Ledger& ledger, const Projection& projection, const LogRecord& record) {
  const Outcome* const told = ledger.told(record.position.offset);
  if (told == nullptr || told->memory_key.empty()) return {};
  const bool gone = told->forgotten || (told->kind == Outcome::Kind::kRejected && told->code == Code::kNotFound);
  v1::Envelope envelope;
  if (!gone || !decode(record.value, envelope)) return {};
  MNEMO_ASSIGN(const auto view, projection.view());
  MNEMO_ASSIGN(const auto agent, view->agent(envelope.namespace_(), envelope.agent_id()));
  if (!agent) return {};
  MNEMO_ASSIGN(const auto row, view->memory(agent->ord, told->memory_key));
  if (!row || row->state != MemoryRow::State::kLive) return {};
  std::string holder;
  Record found;
  MNEMO_TRY(view->record(agent->ord, row->doc, holder, found));
  const bool expires = found.expires_at_ms != 0 && found.expires_at_ms <= view->meta().event_time_ms;
  MNEMO_ASSIGN(const auto forgets, view->pending_forgets(agent->ord));
  if (expires) probe(Probe::kEventFindsItsMemoryExpiredButNotRemoved);
  if (expires || forgets.empty()) return {};
  if (envelope.has_updated()) probe(Probe::kUpdateOfAMemoryUnderAPendingForget);
  if (envelope.has_remembered()) probe(Probe::kRememberedUnderAPendingForget);
  return {};
}

}  // namespace

Status Simulator::catch_up() {
  for (int round = 0; round < kSettleRoundsMax; ++round) {
    sync();
    log_.pump();
    bool done = true;
    for (uint32_t p = 0; p < temper_.partitions; ++p) {
      MNEMO_ASSIGN(const uint64_t end, log_.end(PartitionId(p)));
      if (process_->projection(p).applied().next_offset >= end) continue;
      MNEMO_TRY(step(p, 64));
      done = false;
    }
    if (done) return {};
  }
  return differs("the log's end was never reached");
}

Status Simulator::settle() {
  for (int round = 0; round < kSettleRoundsMax; ++round) {
    MNEMO_TRY(catch_up());
    bool settled = true;
    for (uint32_t p = 0; p < temper_.partitions; ++p) {
      if (process_->projection(p).applied().idle()) continue;
      settled = false;
      for (int i = 0; i < 20; ++i) MNEMO_TRY(append({generator_.tick(PartitionId(p))}));
    }
    if (settled) return {};
  }
  return differs("pending work was never done");
}

Status Simulator::check_all() {
  for (uint32_t p = 0; p < temper_.partitions; ++p) {
    MNEMO_ASSIGN(const auto view, process_->projection(p).view());
    MNEMO_TRY(check_rows(*view, ledgers_[p]->model()));
    MNEMO_TRY(check_digests(*view));
    MNEMO_TRY(check_index(*view));
    MNEMO_ASSIGN(const bool merged, has_rows(*view, keys::Row::kFence));
    MNEMO_ASSIGN(const bool masked, has_rows(*view, keys::Row::kMask));
    if (merged) probe(Probe::kBlocksMerged);
    if (masked) probe(Probe::kDocumentMaskedInAPage);
    for (int i = 0; i < 3; ++i) MNEMO_TRY(check_queries(*view, ledgers_[p]->model(), generator_, random_));
  }
  return {};
}

// Of the records that were appended again, some stand on the log twice now, some once.
Status Simulator::count_retries() {
  std::map<std::string, int> copies;
  for (uint32_t p = 0; p < temper_.partitions; ++p) {
    MNEMO_ASSIGN(const auto reader, log_.read(PartitionId(p), 0));
    MNEMO_ASSIGN(const auto records, reader->poll({.records = SIZE_MAX, .bytes = SIZE_MAX}, Deadline{}));
    for (const LogRecord& record : records) ++copies[std::string(record.value)];
  }
  for (const std::string& value : retried_)
    probe(copies[value] > 1 ? Probe::kRetryFoundItsFirstTry : Probe::kRetryActed);
  return {};
}

// What was acknowledged is on the log, where it was said to be.
Status Simulator::check_acks() {
  for (const Append& append : appends_) {
    for (size_t i = 0; i < append.acked.size(); ++i) {
      const Position at = append.acked[i].position;
      MNEMO_ASSIGN(const auto reader, log_.read(at.partition, at.offset));
      MNEMO_ASSIGN(const auto records, reader->poll({.records = 1, .bytes = SIZE_MAX}, Deadline{}));
      const bool there = records.size() == 1 && records[0].value == append.records[i].value;
      if (!there) return differs("the record acknowledged at ", to_string(at), " is not there");
    }
  }
  return {};
}

Status Simulator::compare_replay(uint32_t partition, size_t batch, Process& replica) {
  ++tally_.replays;
  Ledger& ledger = *ledgers_[partition];
  Projection& projection = replica.projection(partition);
  const Projection& live = process_->projection(partition);
  Replay options;
  options.to = live.applied().next_offset;
  options.batch = [batch] { return batch; };
  options.done = [&ledger](std::span<const LogRecord> records, const std::vector<Outcome>& outcomes, const Meta& meta) {
    std::vector<const Outcome*> told;
    for (const Outcome& outcome : outcomes) told.push_back(&outcome);
    return ledger.note_batch(records, told, meta);
  };
  if (batch == 1) options.before = [&](const LogRecord& record) { return look_before(ledger, projection, record); };
  MNEMO_TRY(replay(log_, projection, options));
  if (projection.points() == live.points()) return {};
  return differs("the digest points of a replay in batches of ", batch, " are others");
}

Status Simulator::compare_answers(Process& replica) {
  for (int i = 0; i < 20; ++i) {
    const uint32_t p = some_partition();
    const RetrieveRequest request = random_request(generator_, random_);
    MNEMO_ASSIGN(const auto ours, process_->projection(p).view());
    MNEMO_ASSIGN(const auto theirs, replica.projection(p).view());
    const std::string one = retrieved(*ours, request);
    const std::string other = retrieved(*theirs, request);
    if (one != other) return differs("\"", request.query, "\" is answered\n", one, "\nand, replayed,\n", other);
  }
  return {};
}

Status Simulator::compare_replays() {
  for (const size_t batch : {size_t{1}, static_cast<size_t>(random_.between(2, 64)), size_t{5000}}) {
    MNEMO_ASSIGN(const auto replica,
                 Process::start(disk_, log_.identity(), "/replay" + std::to_string(batch), 16 << 20, kLimits));
    for (uint32_t p = 0; p < temper_.partitions; ++p) MNEMO_TRY(compare_replay(p, batch, *replica));
    MNEMO_TRY(compare_answers(*replica));
  }
  return {};
}

Status Simulator::finish() {
  MNEMO_TRY(catch_up());
  MNEMO_TRY(check_all());
  MNEMO_TRY(settle());
  MNEMO_TRY(check_all());
  for (uint32_t p = 0; p < temper_.partitions; ++p) {
    MNEMO_TRY(announcements_[p]->check(ledgers_[p]->model(), ledgers_[p]->last_change()));
  }
  MNEMO_TRY(check_acks());
  MNEMO_TRY(count_retries());
  MNEMO_TRY(compare_replays());
  return random_.per_mille(250) ? compare_partition_counts(log_, ledgers_) : Status();
}

}  // namespace mnemo::simulation
