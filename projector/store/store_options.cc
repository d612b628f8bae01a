#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <chrono>

#include "projector/store/keys.h"
#include "projector/store/store_resources.h"

namespace mnemo {
namespace {

// Shares of the budget, in percent. The rest is for fetch queues, batches and answers.
constexpr size_t kMemtableShare = 25;
constexpr size_t kCacheShare = 40;
constexpr size_t kTailShare = 15;
constexpr size_t kMemtableBytesMax = 32 << 20;
constexpr size_t kMemtableBytesMin = 1 << 20;

constexpr std::chrono::seconds kRemovedRowsKept = std::chrono::hours(24);

// From where in the memtable a row is sought: behind the last one with the same prefix. Records of an agent are written
// in order of their keys; memory rows are random, but sorted within a batch. Other rows are out of the domain.
class InsertHint final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "mnemo.insert_hint"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override { return {key.data(), is_record(key) ? 5U : 1U}; }
  bool InDomain(const rocksdb::Slice& key) const override {
    return is_record(key) || key[0] == static_cast<char>(keys::Row::kMemory);
  }

 private:
  static bool is_record(const rocksdb::Slice& key) {
    return key.size() == 9 && key[0] == static_cast<char>(keys::Row::kRecord);
  }
};

}  // namespace

StoreResources::Impl::Impl(size_t bytes)
    : memory_bytes(bytes),
      // Every get looks a filter, an index and a data block up: without a lock.
      cache(rocksdb::HyperClockCacheOptions(bytes * kCacheShare / 100, 0).MakeSharedCache()),
      write_buffers(std::make_shared<rocksdb::WriteBufferManager>(bytes * kMemtableShare / 100)),
      tails(bytes * kTailShare / 100),
      memtable_bytes(std::clamp(bytes * kMemtableShare / 100 / 4, kMemtableBytesMin, kMemtableBytesMax)) {}

StoreResources::StoreResources(size_t memory_bytes) : impl_(std::make_unique<Impl>(memory_bytes)) {}
StoreResources::~StoreResources() = default;
TailCache& StoreResources::tails() { return impl_->tails; }
size_t StoreResources::memory_bytes() const { return impl_->memory_bytes; }

rocksdb::Options database_options(const StoreOptions& options) {
  StoreResources::Impl& shared = options.resources->impl();
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = shared.cache;
  table.block_size = 16 << 10;
  // Rows are some 250 bytes with keys of 9: sixteen of them between two restarts is a long way to walk for a saving of
  // a few bytes.
  table.block_restart_interval = 4;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 6;

  rocksdb::Options db;
  db.create_if_missing = !options.read_only;
  db.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  db.write_buffer_manager = shared.write_buffers;
  db.write_buffer_size = shared.memtable_bytes;
  db.max_write_buffer_number = 4;
  db.max_background_jobs = 2;
  db.compression = rocksdb::kLZ4Compression;
  // Young files are soon merged again: packing them costs more than it saves.
  db.compression_per_level = {rocksdb::kNoCompression, rocksdb::kNoCompression, rocksdb::kLZ4Compression};
  // Removed rows, of forgotten memories among them, leave the files after this long though nothing is written.
  db.ttl = kRemovedRowsKept.count();
  db.memtable_whole_key_filtering = true;
  db.memtable_prefix_bloom_size_ratio = 0.05;
  db.memtable_insert_with_hint_prefix_extractor = std::make_shared<InsertHint>();
  db.allow_concurrent_memtable_write = false;
  db.max_bgerror_resume_count = 0;
  db.info_log_level = rocksdb::WARN_LEVEL;
  db.keep_log_file_num = 2;
  db.paranoid_checks = true;
  if (options.env != nullptr) db.env = options.env;
  if (options.simulated) {
    db.disable_auto_compactions = true;
    db.avoid_flush_during_shutdown = true;
    db.write_buffer_manager = nullptr;
    db.write_buffer_size = 64 << 20;
  }
  return db;
}

Error storage_error(const rocksdb::Status& status, const std::string& what) {
  const std::string message = what + ": " + status.ToString();
  if (status.IsCorruption()) {
    return {Code::kDataLoss, message + ". Delete the projection; it is rebuilt from the log", false};
  }
  if (status.IsNoSpace()) return {Code::kUnavailable, message + ". Free some space on the disk", true};
  if (status.IsIOError() && message.find("lock") != std::string::npos) {
    return {Code::kFailedPrecondition, message + ". Another process holds it: use that one, or stop it", false};
  }
  return {Code::kUnavailable, message, true};
}

Error database_closed() {
  return {Code::kUnavailable, "the projection is being opened again after a failure: try again later", true};
}

}  // namespace mnemo
