#include "projector/store/store.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "projector/store/db_rows.h"
#include "projector/store/keys.h"
#include "projector/store/record_index.h"
#include "projector/store/snapshot_view.h"
#include "projector/store/store_resources.h"

namespace mnemo {
namespace {

// Swallows RocksDB's own log, so that a read-only open leaves no file behind.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

}  // namespace

struct Store::Impl {
  Status build_batch(const BatchRows& written);
  Status add(const BatchRows::Entry& entry);

  StoreOptions options;
  std::unique_ptr<rocksdb::DB> db;
  std::unique_ptr<DbRows> rows;
  LoadDoc load = load_from_records();
  rocksdb::WriteBatch batch;
  std::vector<const BatchRows::Entry*> memory_rows;  // kept for its memory
  std::atomic<uint64_t> batches{0};
  std::atomic<uint64_t> written_rows{0};
  std::atomic<uint64_t> written_bytes{0};
};

// Memory rows come last and in order: their keys are random, so each would be sought from the top of the memtable,
// where in a sorted run it stands a short step behind the one before (see the memtable's hints in store_options.cc).
Status Store::Impl::build_batch(const BatchRows& written) {
  batch.Clear();
  memory_rows.clear();
  for (const BatchRows::Entry& entry : written.entries()) {
    if (entry.key[0] == static_cast<char>(keys::Row::kMemory)) {
      memory_rows.push_back(&entry);
    } else {
      MNEMO_TRY(add(entry));
    }
  }
  std::sort(memory_rows.begin(), memory_rows.end(), [](const auto* a, const auto* b) { return a->key < b->key; });
  for (const BatchRows::Entry* entry : memory_rows) MNEMO_TRY(add(*entry));
  return {};
}

Status Store::Impl::add(const BatchRows::Entry& entry) {
  const auto slice = [](std::string_view bytes) { return rocksdb::Slice(bytes.data(), bytes.size()); };
  const rocksdb::Status status =
      entry.erased ? batch.Delete(slice(entry.key)) : batch.Put(slice(entry.key), slice(entry.value));
  if (!status.ok()) return fail(storage_error(status, "cannot build a batch"));
  return {};
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  rocksdb::Options db_options = database_options(options);
  if (options.read_only) db_options.info_log = std::make_shared<NoLog>();
  const std::string dir = options.dir.string();
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened =
      options.read_only ? rocksdb::DB::OpenForReadOnly(db_options, dir, &db) : rocksdb::DB::Open(db_options, dir, &db);
  if (!opened.ok()) return fail(storage_error(opened, fmt::format("cannot open the projection in {}", dir)));
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->db.reset(db);
  impl->rows = std::make_unique<DbRows>(*db, nullptr);
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

const RowReader& Store::rows() const { return *impl_->rows; }

Status Store::write(const BatchRows& rows) {
  MNEMO_TRY(impl_->build_batch(rows));
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  const rocksdb::Status status = impl_->db->Write(options, &impl_->batch);
  if (!status.ok()) return fail(storage_error(status, "cannot write a batch to the projection"));
  impl_->batches.fetch_add(1, std::memory_order_relaxed);
  impl_->written_rows.fetch_add(rows.entries().size(), std::memory_order_relaxed);
  impl_->written_bytes.fetch_add(rows.bytes(), std::memory_order_relaxed);
  return {};
}

StoreWrites Store::writes() const {
  return {impl_->batches.load(), impl_->written_rows.load(), impl_->written_bytes.load()};
}

Status Store::flush(bool wait) {
  rocksdb::FlushOptions options;
  options.wait = wait;
  options.allow_write_stall = true;
  const rocksdb::Status status = impl_->db->Flush(options);
  if (!status.ok()) return fail(storage_error(status, "cannot flush the projection"));
  return {};
}

Result<Meta> Store::durable_meta() const {
  rocksdb::ReadOptions options;
  options.read_tier = rocksdb::kPersistedTier;  // skips the memtables: exactly what the last flush brought to disk
  std::string row;
  const rocksdb::Status status =
      impl_->db->Get(options, impl_->db->DefaultColumnFamily(), rocksdb::Slice(kMetaKey.data(), kMetaKey.size()), &row);
  Meta meta;
  if (status.IsNotFound()) return meta;
  if (!status.ok()) return fail(storage_error(status, "cannot read the durable position"));
  MNEMO_TRY(decode_meta(row, meta));
  return meta;
}

Result<std::unique_ptr<View>> Store::view() const {
  return SnapshotView::open(*impl_->db, impl_->options.partition, impl_->options.resources->tails(), impl_->load);
}

Status Store::settle() {
  MNEMO_TRY(flush(true));
  const rocksdb::Status status = impl_->db->WaitForCompact(rocksdb::WaitForCompactOptions());
  if (!status.ok()) return fail(storage_error(status, "compaction failed"));
  return {};
}

uint64_t Store::disk_bytes() const {
  uint64_t bytes = 0;
  impl_->db->GetIntProperty(rocksdb::DB::Properties::kLiveSstFilesSize, &bytes);
  return bytes;
}

}  // namespace mnemo
