#include "tests/simulation/machine.h"

#include <algorithm>

#include "consumers/follower.h"

namespace mnemo::simulation {

Result<std::unique_ptr<Process>> Process::start(Disk& disk, const LogIdentity& log, const std::string& dir,
                                                size_t memory_bytes, const StateLimits& limits) {
  std::unique_ptr<Process> process(new Process(memory_bytes, dir));
  for (uint32_t partition = 0; partition < log.partitions; ++partition) {
    ProjectionOptions options;
    options.store.dir = dir + "/p" + std::to_string(partition);
    options.store.partition = PartitionId(partition);
    options.store.resources = &process->resources_;
    options.store.env = disk.env();
    options.store.simulated = true;
    options.log = log;
    options.limits = limits;
    MNEMO_ASSIGN(auto projection, Projection::open(options));
    process->projections_.push_back(std::move(projection));
  }
  return process;
}

Status Process::flush_all() {
  for (const auto& projection : projections_) MNEMO_TRY(projection->flush(true));
  return {};
}

Status replay(Log& log, Projection& projection, const Replay& options) {
  MNEMO_ASSIGN(const uint64_t log_end, log.end(projection.partition()));
  const uint64_t end = std::min(log_end, options.to);
  const uint64_t from = projection.applied().next_offset;
  MNEMO_ASSIGN(const std::set<uint64_t> skips, find_skips(log, projection.partition(), from, log_end));
  MNEMO_ASSIGN(const auto reader, log.read(projection.partition(), from));
  std::vector<Outcome> outcomes;
  while (reader->next_offset() < end) {
    const size_t most = std::min<size_t>(options.batch(), end - reader->next_offset());
    MNEMO_ASSIGN(const auto records, reader->poll({.records = most, .bytes = SIZE_MAX}, Deadline{}));
    if (options.before) MNEMO_TRY(options.before(records.front()));
    MNEMO_TRY(projection.apply(records, skips, &outcomes, false));
    if (options.done) MNEMO_TRY(options.done(records, outcomes, projection.applied()));
  }
  return {};
}

Result<bool> has_rows(const RowReader& rows, keys::Row row) {
  bool any = false;
  const std::string from = keys::start(row);
  MNEMO_TRY(rows.scan(from, prefix_end(from), [&any](std::string_view /*key*/, std::string_view /*value*/) {
    any = true;
    return false;
  }));
  return any;
}

}  // namespace mnemo::simulation
