#include "tests/simulation/simulator.h"

#include <algorithm>
#include <array>

#include "events/genesis.h"
#include "tests/simulation/check.h"
#include "tests/simulation/probes.h"

namespace mnemo::simulation {
namespace {

constexpr TimestampMs kStartMs = 1'700'000'000'000;
constexpr uint64_t kOperationsMin = 500;

MemoryLogOptions log_options(const Temper& temper, const Clock& clock, Random& random) {
  MemoryLogOptions options;
  options.partitions = temper.partitions;
  options.log_id.fill(0x4c);
  options.clock = &clock;
  options.seed = random.next();
  options.faults.duplicate_per_mille = static_cast<uint32_t>(random.below(60));
  options.faults.crash_keeps_tail_per_mille = 500;
  options.manual_sync = true;
  options.manual_pump = true;
  return options;
}

}  // namespace

Simulator::Simulator(uint64_t seed, Tally& tally)
    : tally_(tally),
      random_(seed),
      temper_(random_temper(random_)),
      clock_(kStartMs),
      log_(log_options(temper_, clock_, random_)),
      generator_(random_, temper_, clock_, log_.identity()) {}

// --- The log and its producers ---

Status Simulator::append(std::vector<NewRecord> records) {
  const size_t number = appends_.size();
  appends_.push_back({records, {}, false, false});
  unsynced_records_ += records.size();
  tally_.records += records.size();
  return log_.append(std::move(records), [this, number](Result<std::vector<Appended>> done) {
    if (done) appends_[number].acked = std::move(*done);
  });
}

Status Simulator::append_some() {
  std::vector<NewRecord> records;
  for (uint64_t i = random_.between(1, 3); i > 0; --i) records.push_back(generator_.record());
  return append(std::move(records));
}

Status Simulator::append_burst() {
  std::vector<NewRecord> records;
  const uint64_t most = temper_.many_documents ? 700 : 40;
  for (uint64_t i = random_.between(1, most); i > 0; --i) {
    records.push_back(temper_.many_documents ? generator_.one_of_many() : generator_.record());
  }
  return append(std::move(records));
}

Status Simulator::append_oddity() {
  switch (random_.below(6)) {
    case 0: return append(generator_.rules_change());
    case 1: return append(generator_.policy_change());
    case 2: return append({generator_.refused_control()});
    case 3:
    case 4: return append_operation_events();
    default: return random_.per_mille(300) ? append({generator_.of_a_newer_build()}) : Status();
  }
}

Status Simulator::append_operation_events() {
  std::vector<NewRecord> records;
  for (uint64_t i = random_.between(1, 8); i > 0; --i) records.push_back(generator_.operation_event());
  return append(std::move(records));
}

// A producer whose answer never came asks again, under the same event ids.
Status Simulator::retry_lost() {
  for (Append& before : appends_) {
    if (!before.lost || !random_.per_mille(300)) continue;
    before.lost = false;
    for (const NewRecord& record : before.records) retried_.insert(record.value);
    const std::vector<NewRecord> again = before.records;
    return append(again);
  }
  return {};
}

void Simulator::sync() {
  log_.sync();
  for (; synced_appends_ < appends_.size(); ++synced_appends_) appends_[synced_appends_].synced = true;
  unsynced_records_ = 0;
}

Status Simulator::crash_log() {
  ++tally_.log_crashes;
  uint64_t before = 0;
  uint64_t after = 0;
  for (uint32_t p = 0; p < temper_.partitions; ++p) before += log_.end(PartitionId(p)).value();
  log_.crash();
  for (uint32_t p = 0; p < temper_.partitions; ++p) after += log_.end(PartitionId(p)).value();
  if (after - before < unsynced_records_) probe(Probe::kLogCrashLostATail);
  if (after > before && after - before < unsynced_records_) probe(Probe::kLogCrashKeptPartOfATail);
  for (Append& append : appends_) {
    if (!append.acked.empty() || append.lost) continue;
    if (append.synced) probe(Probe::kLogCrashLostAnAck);
    append.lost = true;
    append.synced = true;
  }
  synced_appends_ = appends_.size();
  unsynced_records_ = 0;
  for (std::set<uint64_t>& offsets : skipping_) offsets.clear();
  log_.reopen();
  return {};
}

// --- The process ---

Status Simulator::start_process(const std::string& dir) {
  const size_t memory_bytes = random_.per_mille(300) ? 1 << 20 : 16 << 20;  // few tails stay in memory, or all
  MNEMO_ASSIGN(process_, Process::start(disk_, log_.identity(), dir, memory_bytes, kLimits));
  live_.clear();
  live_.resize(temper_.partitions);
  cold_ = true;
  return {};
}

Status Simulator::crash_process() {
  ++tally_.crashes;
  for (uint32_t p = 0; p < temper_.partitions; ++p) {
    Projection& projection = process_->projection(p);
    const Meta applied = projection.applied();
    MNEMO_ASSIGN(const Meta durable, projection.durable());
    if (durable.next_offset < applied.next_offset) probe(Probe::kCrashBetweenBatchAndFlush);
    if (durable.epoch == 0 && applied.epoch != 0) probe(Probe::kCrashBeforeAnythingWasFlushed);
    if (!applied.settled()) probe(Probe::kCrashDuringPendingWork);
    MNEMO_ASSIGN(const bool merging, has_rows(projection.store().rows(), keys::Row::kIndexWork));
    if (merging) probe(Probe::kCrashDuringAMerge);
    MNEMO_ASSIGN(const auto operations, running_operations(projection.store().rows()));
    if (!operations.empty()) probe(Probe::kCrashDuringAnOperation);
    ledgers_[p]->note_crash(applied.next_offset);
  }
  const std::string dir = process_->dir();
  live_.clear();
  process_.reset();
  return start_process(dir);
}

Status Simulator::open_follower(uint32_t partition, size_t batch) {
  const PartitionId id(partition);
  Projection& projection = process_->projection(partition);
  MNEMO_ASSIGN(const uint64_t end, log_.end(id));
  MNEMO_ASSIGN(std::set<uint64_t> all_skips, find_skips(log_, id, 0, end));
  ledgers_[partition]->set_skips(all_skips);
  Live& live = live_[partition];
  live.follower.reset();
  live.role = std::make_unique<LiveRole>(projection, *ledgers_[partition], *announcements_[partition],
                                         std::move(all_skips), random_.per_mille(600));
  MNEMO_ASSIGN(live.follower, Follower::open(log_, id, projection.applied().next_offset, *live.role,
                                             {.records = batch, .bytes = SIZE_MAX}));
  return {};
}

Status Simulator::step(uint32_t partition, size_t batch) {
  Live& live = live_[partition];
  if (!live.follower || random_.per_mille(300)) MNEMO_TRY(open_follower(partition, batch));
  const Result<bool> stepped = live.follower->step(Deadline{});
  if (stepped) return {};
  live.follower.reset();
  const uint64_t at = process_->projection(partition).applied().next_offset;
  const bool halted = stepped.error().code == Code::kFailedPrecondition;
  if (!halted) return fail(stepped.error());
  // An operator looks, sooner or later.
  if (skipping_[partition].contains(at) || !random_.per_mille(500)) return {};
  skipping_[partition].insert(at);
  return append({generator_.skip(PartitionId(partition), at)});
}

Status Simulator::flush() { return process_->projection(some_partition()).flush(true); }

Status Simulator::read() {
  const uint32_t partition = some_partition();
  Projection& projection = process_->projection(partition);
  const Ledger& ledger = *ledgers_[partition];
  // After a crash the replay is behind the model for a while.
  if (projection.applied().next_offset != ledger.next_offset()) return {};
  MNEMO_ASSIGN(const auto view, projection.view());
  if (std::exchange(cold_, false)) probe(Probe::kTailReadCold);
  return check_queries(*view, ledger.model(), generator_, random_);
}

// Blue and green: a new directory is made from the log beside the old one, up to where that one is, and takes over.
Status Simulator::rebuild() {
  ++tally_.rebuilds;
  const std::string dir = "/state" + std::to_string(++generation_);
  MNEMO_ASSIGN(auto green, Process::start(disk_, log_.identity(), dir, 16 << 20, kLimits));
  for (uint32_t p = 0; p < temper_.partitions; ++p) {
    MNEMO_TRY(compare_replay(p, random_.between(1, 64), *green));
  }
  MNEMO_TRY(green->flush_all());
  for (uint32_t p = 0; p < temper_.partitions; ++p) {
    if (process_->projection(p).applied().next_offset < log_.end(PartitionId(p)).value()) {
      probe(Probe::kRebuildWhileEventsGoOn);
    }
  }
  live_.clear();
  process_.reset();
  green.reset();  // one process at a time holds a directory
  return start_process(dir);
}

// --- The run ---

Status Simulator::start() {
  const FingerprintKey& key = generator_.key();
  UuidGenerator ids(clock_, 1 + random_.below(1000));
  std::vector<NewRecord> genesis = genesis_records(log_.identity(), key.check_value(), clock_, ids);
  const v1::RulesActivated rules = first_rules(random_, temper_, 0);
  generator_.set_rules(rules);
  for (NewRecord& record : genesis) {
    v1::Envelope envelope;
    MNEMO_CHECK(decode(record.value, envelope));
    if (!envelope.has_rules_activated()) continue;
    *envelope.mutable_rules_activated() = rules;
    envelope.mutable_rules_activated()->set_partition(record.partition.value);
    record.value = envelope.SerializeAsString();
  }
  for (uint32_t p = 0; p < temper_.partitions; ++p) {
    ledgers_.push_back(std::make_unique<Ledger>(log_.identity(), PartitionId(p)));
    announcements_.push_back(std::make_unique<Announcements>());
  }
  skipping_.resize(temper_.partitions);
  MNEMO_TRY(append(std::move(genesis)));
  sync();
  log_.pump();
  return start_process("/state0");
}

// The index's work is soon done, so chance alone would hardly ever crash in the middle of it.
Status Simulator::step_or_crash(uint32_t partition) {
  MNEMO_TRY(step(partition, random_.per_mille(200) ? 1 : random_.between(1, 64)));
  const bool indexing = temper_.many_documents && !process_->projection(partition).applied().index.empty();
  return indexing && random_.per_mille(100) ? crash_process() : Status();
}

Status Simulator::operate() {
  constexpr std::array<uint32_t, 13> kWeights = {380, 12, 45, 30, 110, 60, 230, 35, 50, 4, 4, 40, 25};
  ++tally_.operations;
  switch (random_.weighted(kWeights)) {
    case 0: return append_some();
    case 1: return append_burst();
    case 2: return append_oddity();
    case 3: return retry_lost();
    case 4: sync(); return {};
    case 5: log_.pump(random_.between(1, 8)); return {};
    case 6: return step_or_crash(some_partition());
    case 7: return flush();
    case 8: return read();
    case 9: return crash_process();
    case 10: return crash_log();
    case 11: clock_.advance_ms(static_cast<int64_t>(random_.below(random_.per_mille(50) ? 20000 : 500))); return {};
    default: return append({generator_.tick(PartitionId(some_partition()))});
  }
}

Status Simulator::run() {
  ++tally_.seeds;
  MNEMO_TRY(start());
  const uint64_t operations = kOperationsMin + random_.below(200);
  // However the weights fall: these happen.
  std::set<uint64_t> crashes;
  while (crashes.size() < 3) crashes.insert(random_.between(20, operations - 1));
  const uint64_t rebuild_at = random_.between(50, operations - 1);
  for (uint64_t i = 0; i < operations; ++i) {
    if (crashes.contains(i)) MNEMO_TRY(crash_process());
    if (i == rebuild_at) MNEMO_TRY(rebuild());
    MNEMO_TRY(operate());
  }
  return finish();
}

}  // namespace mnemo::simulation
