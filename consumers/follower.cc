#include "consumers/follower.h"

#include "events/envelope.h"

namespace mnemo {

Follower::Follower(std::unique_ptr<LogReader> reader, uint64_t from, Role& role, PollLimits limits)
    : reader_(std::move(reader)), next_offset_(from), role_(role), limits_(limits) {}

Result<std::unique_ptr<Follower>> Follower::open(Log& log, PartitionId partition, uint64_t from, Role& role,
                                                 PollLimits limits) {
  MNEMO_ASSIGN(auto reader, log.read(partition, from));
  return std::unique_ptr<Follower>(new Follower(std::move(reader), from, role, limits));
}

Result<bool> Follower::step(Deadline deadline) {
  MNEMO_ASSIGN(const auto records, reader_->poll(limits_, deadline));
  if (records.empty()) {
    MNEMO_TRY(role_.idle());
    return false;
  }
  MNEMO_TRY(role_.handle(records));
  next_offset_ = records.back().position.offset + 1;
  return true;
}

Status Follower::run_to(uint64_t offset) {
  while (next_offset_ < offset) {
    MNEMO_TRY(step(std::chrono::steady_clock::now() + std::chrono::milliseconds(100)));
  }
  return {};
}

Status Follower::run(const std::stop_token& stop, int idle_ms) {
  while (!stop.stop_requested()) {
    MNEMO_TRY(step(std::chrono::steady_clock::now() + std::chrono::milliseconds(idle_ms)));
  }
  return {};
}

Result<std::set<uint64_t>> find_skips(Log& log, PartitionId partition, uint64_t from, uint64_t to) {
  std::set<uint64_t> skips;
  if (from >= to) return skips;
  MNEMO_ASSIGN(const auto reader, log.read(partition, from));
  v1::Envelope envelope;
  while (reader->next_offset() < to) {
    const Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    MNEMO_ASSIGN(const auto records, reader->poll(PollLimits{}, deadline));
    for (const LogRecord& record : records) {
      if (record.key != kControlKey) continue;
      // Only one that apply() itself would accept decides anything.
      const bool skip = decode(record.value, envelope) && envelope.has_skip_recorded() &&
                        !needs_newer_build(envelope) && validate(envelope, Rules{});
      if (!skip) continue;
      const v1::SkipRecorded& e = envelope.skip_recorded();
      const bool ours = e.partition() == partition.value && skip_decides(e, record.position);
      if (ours) skips.insert(e.offset());
    }
  }
  return skips;
}

}  // namespace mnemo
