// Making and opening an embedded log.
#include <fmt/format.h>
#include <sodium.h>

#include <cerrno>
#include <system_error>

#include "events/log_embedded_impl.h"
#include "events/log_embedded_reader.h"
#include "events/log_rows.h"

namespace mnemo {
namespace {

namespace fs = std::filesystem;

fs::path cleaned(const fs::path& dir) {
  fs::path path = fs::absolute(dir).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

Status check_free(const fs::path& dir) {
  std::error_code error;
  if (!fs::exists(dir, error)) return {};
  if (fs::is_directory(dir, error) && fs::is_empty(dir, error)) return {};
  if (error) return fail(file_error(dir, "look at", error.value()));
  return fail(Code::kAlreadyExists, dir.string() + " is not an empty directory: open the log in it, or name another");
}

// Left behind by a process that ended while it made a log.
Status remove_leftover(const fs::path& dir) {
  std::error_code error;
  if (!fs::exists(dir, error)) return {};
  const auto mark = AckedEnd::open(acked_end_file(dir), true);
  if (!mark && mark.error().code == Code::kFailedPrecondition) {
    return fail(Code::kFailedPrecondition, dir.string() + ": another process is making a log here");
  }
  fs::remove_all(dir, error);
  if (error) return fail(file_error(dir, "remove", error.value()));
  return {};
}

Status write_identity(const fs::path& dir, const LogIdentity& identity, const EmbeddedLogOptions& options) {
  rocksdb::Options db_options = log_database_options(options, rocksdb::WALRecoveryMode::kAbsoluteConsistency);
  db_options.create_if_missing = true;
  db_options.error_if_exists = true;
  MNEMO_ASSIGN(const Database db, open_database(dir, db_options));
  std::string row;
  encode_row(identity_row_key(), {0, {}, encode_identity(identity)}, row);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const RowKey key = identity_row_key();
  const rocksdb::Status status = db->Put(synced, {key.data(), key.size()}, row);
  if (!status.ok()) return fail(database_error(status, dir.string()));
  return {};
}

Status make_log(const fs::path& dir, const LogIdentity& identity, const EmbeddedLogOptions& options) {
  FileCalls& files = files_of(options);
  if (files.make_directory(dir.c_str(), 0700) != 0) return fail(file_error(dir, "create", errno));
  MNEMO_ASSIGN(const AckedEnd mark, AckedEnd::create(acked_end_file(dir), identity, files));
  MNEMO_TRY(write_identity(dir, identity, options));
  return sync_directory(files, dir);
}

// The append timestamps of the last records. Reading them also shows that the ends are what inspection said.
Result<std::vector<TimestampMs>> last_timestamps(rocksdb::DB& db, const LogIdentity& identity,
                                                 const std::vector<uint64_t>& ends) {
  std::vector<TimestampMs> last(ends.size(), 0);
  for (uint32_t p = 0; p < ends.size(); ++p) {
    if (ends[p] == 0) continue;
    rocksdb::PinnableSlice holder;
    MNEMO_ASSIGN(const Row row, read_row(db, {PartitionId{p}, identity.epoch, ends[p] - 1}, holder));
    last[p] = row.appended_at_ms;
  }
  return last;
}

Result<AckedEnd> open_mark(const fs::path& dir, const EmbeddedLogOptions& options) {
  auto mark = AckedEnd::open(acked_end_file(dir), options.read_only, files_of(options));
  if (mark || mark.error().code != Code::kNotFound) return mark;
  std::error_code error;
  if (fs::exists(dir / "CURRENT", error)) {
    return fail(Code::kDataLoss, acked_end_file(dir).string() +
                                     " is missing, so nobody can tell how much of this log was acknowledged; restore "
                                     "the log from a backup");
  }
  return fail(Code::kNotFound, dir.string() + ": there is no log");
}

Status open_for_writing(EmbeddedLog::Impl& log, Recovery found, const EmbeddedLogOptions& options) {
  found.db.reset();
  rocksdb::Options db_options = log_database_options(options, found.mode);
  log.listener = std::make_shared<StopOnBackgroundError>();
  db_options.listeners.push_back(log.listener);
  MNEMO_ASSIGN(log.db, open_database(log.dir, db_options));
  MNEMO_ASSIGN(auto last_ms, last_timestamps(*log.db, log.identity, found.ends));
  // What was recovered is on disk by now, and readers will see it: from here on it must not be lost.
  MNEMO_TRY(log.mark.advance(found.ends));
  log.writer = std::make_unique<GroupWriter>(
      GroupWriter::Start{log.db.get(), log.durable.get(), &log.mark, std::move(last_ms), options});
  log.listener->attach(log.writer.get());
  return {};
}

}  // namespace

Result<std::unique_ptr<EmbeddedLog>> EmbeddedLog::create(const fs::path& dir, const LogIdentity& identity,
                                                         const EmbeddedLogOptions& options) {
  if (identity.partitions == 0 || identity.partitions > limits::kPartitionsMax) {
    return fail(Code::kInvalidArgument, fmt::format("a log has 1 to {} partitions", limits::kPartitionsMax));
  }
  const fs::path target = cleaned(dir);
  MNEMO_TRY(check_free(target));
  LogIdentity made = identity;
  if (made.log_id == Bytes16{}) randombytes_buf(made.log_id.data(), made.log_id.size());

  // Made beside its place and moved there when it is complete.
  FileCalls& files = files_of(options);
  const fs::path draft = target.string() + ".creating";
  MNEMO_TRY(make_directories(files, target.parent_path()));
  MNEMO_TRY(remove_leftover(draft));
  std::error_code error;
  if (const Status status = make_log(draft, made, options); !status) {
    fs::remove_all(draft, error);
    return fail(status.error());
  }
  if (files.rename(draft.c_str(), target.c_str()) != 0) return fail(file_error(target, "create", errno));
  MNEMO_TRY(sync_directory(files, target.parent_path()));
  return open(target, options);
}

Result<std::unique_ptr<EmbeddedLog>> EmbeddedLog::open(const fs::path& dir, const EmbeddedLogOptions& options) {
  auto log = std::make_unique<Impl>();
  log->dir = cleaned(dir);
  MNEMO_ASSIGN(log->mark, open_mark(log->dir, options));
  log->identity = log->mark.contents().identity;
  log->warnings = log->mark.warnings();
  MNEMO_ASSIGN(Recovery found, inspect_log(log->dir, options, log->mark));
  log->warnings.insert(log->warnings.end(), found.warnings.begin(), found.warnings.end());
  log->durable = std::make_unique<DurableEnds>(found.ends);
  if (options.read_only) {
    log->db = std::move(found.db);
  } else {
    MNEMO_TRY(open_for_writing(*log, std::move(found), options));
  }
  return std::make_unique<EmbeddedLog>(std::move(log));
}

}  // namespace mnemo
