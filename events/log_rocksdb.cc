#include "events/log_rocksdb.h"

#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/sst_partitioner.h>
#include <rocksdb/table.h>

#include <limits>
#include <vector>

#include "events/log_embedded_hooks.h"
#include "events/log_integrity.h"

namespace mnemo {
namespace {

constexpr size_t kPartitionPrefixBytes = 4;

// Opening without changing anything must not start an information log either.
class NoInfoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

void set_recovery(rocksdb::Options& options, rocksdb::WALRecoveryMode mode) {
  options.wal_recovery_mode = mode;
  options.recycle_log_file_num = 0;      // what follows the end of a log must not look like records
  options.max_bgerror_resume_count = 0;  // a failure stops the log; nothing is retried and acknowledged
  options.paranoid_checks = true;
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
}

// Records come in order and are never changed. A table of level 0 holds the newest records of every partition; one
// compaction cuts a row of them into tables of one partition each. On the levels below, tables of a partition follow
// one another, so they move down without being written again, and level 1 is kept so small that they do so soon: only
// what is still there when the next row of level 0 comes, and lies between its keys, is merged once more. So nearly
// every record is written three times: log, level 0, level 1.
void set_shape(rocksdb::Options& options, size_t memtable_bytes) {
  options.write_buffer_size = memtable_bytes;
  options.max_write_buffer_number = 3;
  options.allow_concurrent_memtable_write = false;
  options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kPartitionPrefixBytes));
  options.num_levels = 3;
  options.level_compaction_dynamic_level_bytes = false;
  options.level0_file_num_compaction_trigger = 16;
  options.level0_slowdown_writes_trigger = std::numeric_limits<int>::max();
  options.level0_stop_writes_trigger = std::numeric_limits<int>::max();
  options.soft_pending_compaction_bytes_limit = 0;
  options.hard_pending_compaction_bytes_limit = 0;
  options.max_bytes_for_level_base = 1 << 20;
  options.target_file_size_base = 64 << 20;
  options.sst_partitioner_factory = rocksdb::NewSstPartitionerFixedPrefixFactory(kPartitionPrefixBytes);
  options.compression_per_level = {rocksdb::kNoCompression, rocksdb::kLZ4Compression, rocksdb::kLZ4Compression};
  options.ttl = 0;
  options.periodic_compaction_seconds = 0;
}

}  // namespace

rocksdb::Options log_database_options(const EmbeddedLogOptions& options, rocksdb::WALRecoveryMode mode) {
  rocksdb::Options db;
  if (options.hooks && options.hooks->env != nullptr) db.env = options.hooks->env;
  set_recovery(db, mode);
  set_shape(db, options.memtable_bytes);
  db.create_if_missing = false;
  db.max_open_files = 256;
  db.max_file_opening_threads = 1;
  db.advise_random_on_open = false;  // records are read in order, so the system may read ahead
  db.bytes_per_sync = 1 << 20;       // so that the sync of a table does not hold up the sync of a group
  db.avoid_unnecessary_blocking_io = true;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.info_log_level = rocksdb::WARN_LEVEL;
  db.keep_log_file_num = 2;
  db.max_log_file_size = 1 << 20;
  db.table_properties_collector_factories.push_back(new_offset_runs_collector_factory());

  rocksdb::BlockBasedTableOptions table;
  table.block_size = 32 << 10;
  table.checksum = rocksdb::kXXH3;
  // The newest that RocksDB from 7.8 on reads; the next one ties checksums of blocks to their place, as rows do here.
  table.format_version = 5;
  table.no_block_cache = true;  // records are read in order, once; the page cache serves
  db.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return db;
}

Result<Database> open_database_read_only(const std::filesystem::path& dir, const rocksdb::Options& options) {
  rocksdb::DBOptions db_options(options);
  db_options.info_log = std::make_shared<NoInfoLog>();
  const std::vector<rocksdb::ColumnFamilyDescriptor> families{
      {rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions(options)}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(db_options, dir.string(), families, &handles, &raw);
  Database db(raw);
  for (auto* handle : handles) delete handle;  // the database keeps its own reference to the default family
  if (!status.ok()) return fail(database_error(status, dir.string()));
  return db;
}

Result<Database> open_database(const std::filesystem::path& dir, const rocksdb::Options& options) {
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(options, dir.string(), &raw);
  Database db(raw);
  if (!status.ok()) return fail(database_error(status, dir.string()));
  return db;
}

namespace {

// RocksDB calls it corruption when a file whose checksum is to be taken cannot be read.
bool could_not_be_read(const rocksdb::Status& status) {
  return status.IsCorruption() && status.ToString().find("read failed with error: IO error") != std::string::npos;
}

}  // namespace

Error database_error(const rocksdb::Status& status, const std::string& what) {
  const std::string message = what + ": " + status.ToString();
  if (status.IsNoSpace()) {
    return {Code::kUnavailable, message + "; no space is left: free some and start again", true};
  }
  if ((status.IsIOError() && !status.IsPathNotFound()) || could_not_be_read(status))
    return {Code::kUnavailable, message, true};
  if (status.IsBusy() || status.IsTryAgain() || status.IsTimedOut() || status.IsShutdownInProgress() ||
      status.IsMemoryLimit()) {
    return {Code::kUnavailable, message, true};
  }
  if (status.IsNotSupported() || status.IsInvalidArgument()) {
    return {Code::kFailedPrecondition,
            message +
                "; the RocksDB of this build cannot read what another build wrote: use the mnemo that wrote it, or "
                "a newer one",
            false};
  }
  // The rest (corruption, files that are missing) has one cause in a directory that only this log writes to: it is
  // damaged.
  return {Code::kDataLoss, message, false};
}

}  // namespace mnemo
