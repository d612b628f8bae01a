#include "consumers/copy.h"

#include "consumers/copy_source.h"
#include "consumers/copy_target.h"
#include "consumers/scratch_dir.h"

namespace mnemo {
namespace {

Result<uint64_t> records_of(const Log& log) {
  uint64_t records = 0;
  for (uint32_t p = 0; p < log.identity().partitions; ++p) {
    MNEMO_ASSIGN(const uint64_t begin, log.begin(PartitionId(p)));
    MNEMO_ASSIGN(const uint64_t end, log.end(PartitionId(p)));
    records += end - begin;
  }
  return records;
}

// Everything that the target holds is part of this copy, or nothing is appended to it.
Status compare(CopySource& source, CopyTarget& target) {
  MNEMO_TRY(source.for_each([&target](const SourceRecord& record) { return target.compare(record); }));
  return target.finish_comparing();
}

Status append(CopySource& source, CopyTarget& target) {
  MNEMO_TRY(source.for_each([&target](const SourceRecord& record) -> Result<bool> {
    const Status added = target.add(record);
    if (!added) return fail(added.error());
    return true;
  }));
  return target.flush();
}

}  // namespace

Result<CopyReport> copy_log(Log& from, Log& to, const CopyOptions& options) {
  MNEMO_ASSIGN(const auto scratch, ScratchDir::make(options.scratch_dir, "log-copy"));
  MNEMO_ASSIGN(const auto target,
               CopyTarget::open(to, from.identity(), scratch->path() / "target", options.memory_bytes / 2));
  MNEMO_ASSIGN(const uint64_t records, records_of(from));
  const uint64_t passes = target->empty() ? 2 : 3;
  uint64_t done = 0;
  const auto progress = [&](uint64_t read) {
    done += read;
    if (options.progress) options.progress(done, passes * records);
  };
  MNEMO_ASSIGN(const auto source,
               CopySource::open(from, scratch->path() / "source", options.memory_bytes / 2, progress));
  if (!target->empty()) {
    MNEMO_TRY(compare(*source, *target));
    done = 2 * records;  // it stops as soon as nothing is left to compare
  }
  MNEMO_TRY(append(*source, *target));
  CopyReport report = target->report();
  report.left_out += source->left_out();
  return report;
}

}  // namespace mnemo
