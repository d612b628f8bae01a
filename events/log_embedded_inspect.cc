// Deciding whether a log is whole, before anything in its directory is changed.
#include <fmt/format.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <fstream>
#include <system_error>

#include "events/log_embedded_impl.h"
#include "events/log_embedded_reader.h"
#include "events/log_frames.h"
#include "events/log_integrity.h"
#include "events/log_rows.h"

namespace mnemo {
namespace {

namespace fs = std::filesystem;
using rocksdb::WALRecoveryMode;

struct Faults {
  std::vector<std::string> described;
  bool unreadable = false;
};

// The write-ahead logs and the manifest in use, in order of their names.
Result<std::vector<fs::path>> framed_files(const fs::path& dir, Faults& faults) {
  std::string manifest;
  std::getline(std::ifstream(dir / "CURRENT"), manifest);
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(dir, error); !error && it != fs::directory_iterator(); it.increment(error)) {
    if (it->path().extension() == ".log") files.push_back(it->path());
  }
  if (error) return fail(Code::kUnavailable, dir.string() + ": cannot list it: " + error.message(), true);
  if (manifest.starts_with("MANIFEST-") && fs::is_regular_file(dir / manifest, error)) {
    files.push_back(dir / manifest);
  } else {
    faults.described.push_back((dir / "CURRENT").string() + " does not name a manifest that exists");
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<Faults> scan_files(const fs::path& dir, FileCalls& calls) {
  Faults faults;
  MNEMO_ASSIGN(const std::vector<fs::path> files, framed_files(dir, faults));
  for (const fs::path& file : files) {
    MNEMO_ASSIGN(const auto fault, scan_frames(file, calls));
    if (!fault) continue;
    faults.unreadable = faults.unreadable || fault->unreadable;
    faults.described.push_back(fmt::format("{} {} at byte {}: {}", file.string(),
                                           fault->at_end ? "is cut off" : "is damaged", fault->offset, fault->reason));
  }
  return faults;
}

// Which table files are damaged: RocksDB blames the manifest for some of them.
std::vector<std::string> damaged_tables(const fs::path& dir, const EmbeddedLogOptions& options) {
  std::vector<std::string> damaged;
  std::error_code error;
  for (fs::directory_iterator it(dir, error); !error && it != fs::directory_iterator(); it.increment(error)) {
    if (it->path().extension() != ".sst") continue;
    rocksdb::SstFileReader table(log_database_options(options, WALRecoveryMode::kAbsoluteConsistency));
    rocksdb::Status status = table.Open(it->path().string());
    if (status.ok()) status = table.VerifyChecksum();
    if (!status.ok()) damaged.push_back(fmt::format("{} is damaged: {}", it->path().string(), status.ToString()));
  }
  std::sort(damaged.begin(), damaged.end());
  return damaged;
}

Status check_identity(rocksdb::DB& db, const LogIdentity& acked) {
  rocksdb::PinnableSlice holder;
  const auto row = read_row(db, {kLogMetaPartition, 0, 0}, holder);
  if (!row) return fail(row.error().code, "the log's identity cannot be read: " + row.error().message);
  const auto identity = decode_identity(row->value);
  if (!identity || identity->log_id != acked.log_id || identity->epoch != acked.epoch ||
      identity->partitions != acked.partitions) {
    return fail(Code::kDataLoss, db.GetName() + ": ACKED_END belongs to another log than the records beside it");
  }
  return {};
}

Status check_nothing_lost(const std::string& dir, const std::vector<uint64_t>& ends, const AckedEnd::Contents& acked) {
  for (uint32_t p = 0; p < ends.size(); ++p) {
    if (ends[p] >= acked.ends[p]) continue;
    return fail(Code::kDataLoss,
                fmt::format("{}: partition {}: recovered up to offset {}, acknowledged up to {}: the records from "
                            "offset {} to {} are missing",
                            dir, p, ends[p], acked.ends[p], ends[p], acked.ends[p] - 1));
  }
  return {};
}

Result<Recovery> inspect_as(const fs::path& dir, const EmbeddedLogOptions& options, const AckedEnd::Contents& acked,
                            WALRecoveryMode mode) {
  Recovery found;
  found.mode = mode;
  MNEMO_ASSIGN(found.db, open_database_read_only(dir, log_database_options(options, mode)));
  MNEMO_TRY(check_identity(*found.db, acked.identity));
  MNEMO_ASSIGN(const OffsetRuns runs, offset_runs_of(*found.db));
  auto ends = runs.contiguous_ends(acked.identity.partitions);
  if (!ends) return fail(Code::kDataLoss, dir.string() + ": " + ends.error().message);
  found.ends = std::move(*ends);
  MNEMO_TRY(check_nothing_lost(dir.string(), found.ends, acked));
  return found;
}

std::string joined(const std::vector<std::string>& sentences) {
  std::string out;
  for (const std::string& sentence : sentences) out += (out.empty() ? "" : "; ") + sentence;
  return out;
}

}  // namespace

// Strictest first. A cut-off tail is honest if nothing acknowledged is missing from what is left; what makes the looser
// modes safe is not what they do, but that their result is held against the mark and searched for gaps. Point in time
// is for a tail whose middle never reached the disk, which the tolerant mode refuses.
Result<Recovery> inspect_log(const fs::path& dir, const EmbeddedLogOptions& options, const AckedEnd& mark) {
  MNEMO_ASSIGN(Faults faults, scan_files(dir, files_of(options)));
  if (faults.unreadable) return fail(Code::kDataLoss, joined(faults.described));
  const char* const harm = mark.newer_may_be_lost() ? "; nothing is missing that the mark which is left tells of"
                                                    : "; nothing that was acknowledged is missing";
  std::vector<std::string> errors;
  for (const WALRecoveryMode mode :
       {WALRecoveryMode::kAbsoluteConsistency, WALRecoveryMode::kTolerateCorruptedTailRecords,
        WALRecoveryMode::kPointInTimeRecovery}) {
    auto found = inspect_as(dir, options, mark.contents(), mode);
    if (found) {
      for (const auto& fault : faults.described) found->warnings.push_back(fault + harm);
      return found;
    }
    if (found.error().code != Code::kDataLoss) return found;
    if (std::find(errors.begin(), errors.end(), found.error().message) == errors.end()) {
      errors.push_back(found.error().message);
    }
  }
  for (const auto& fault : damaged_tables(dir, options)) errors.push_back(fault);
  errors.insert(errors.begin(), faults.described.begin(), faults.described.end());
  return fail(Code::kDataLoss, joined(errors));
}

}  // namespace mnemo
