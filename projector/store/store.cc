#include "projector/store/store.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <fmt/format.h>

#include <atomic>

#include "projector/store/db_rows.h"
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
  StoreOptions options;
  std::unique_ptr<rocksdb::DB> db;
  std::unique_ptr<DbRows> rows;
  LoadDoc load = load_from_records();
  rocksdb::WriteBatch batch;
  std::atomic<uint64_t> batches{0};
  std::atomic<uint64_t> written_rows{0};
  std::atomic<uint64_t> written_bytes{0};
};

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
  rocksdb::WriteBatch& batch = impl_->batch;
  batch.Clear();
  const auto slice = [](std::string_view bytes) { return rocksdb::Slice(bytes.data(), bytes.size()); };
  rocksdb::Status status;
  for (const BatchRows::Entry& entry : rows.entries()) {
    status = entry.erased ? batch.Delete(slice(entry.key)) : batch.Put(slice(entry.key), slice(entry.value));
    if (!status.ok()) return fail(storage_error(status, "cannot build a batch"));
  }
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  status = impl_->db->Write(options, &batch);
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
