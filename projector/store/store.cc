#include "projector/store/store.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/listener.h>
#include <rocksdb/write_batch.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "projector/store/db_rows.h"
#include "projector/store/keys.h"
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

// Keeps the first failure of a database, its background work's included.
class FailureNote final : public rocksdb::EventListener {
 public:
  void OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status* status) override {
    note(storage_error(*status, "the projection's background work failed"));
  }
  void note(Error why) {
    const std::lock_guard lock(mutex_);
    if (!first_) first_ = std::move(why);
  }
  std::optional<Error> first() const {
    const std::lock_guard lock(mutex_);
    return first_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Error> first_;
};

struct Opened {
  std::shared_ptr<rocksdb::DB> db;
  std::shared_ptr<FailureNote> note;
};

Result<Opened> open_database(const StoreOptions& options) {
  Opened opened;
  opened.note = std::make_shared<FailureNote>();
  rocksdb::Options db_options = database_options(options);
  db_options.listeners.push_back(opened.note);
  if (options.read_only) db_options.info_log = std::make_shared<NoLog>();
  const std::string dir = options.dir.string();
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      options.read_only ? rocksdb::DB::OpenForReadOnly(db_options, dir, &db) : rocksdb::DB::Open(db_options, dir, &db);
  if (!status.ok()) return fail(storage_error(status, fmt::format("cannot open the projection in {}", dir)));
  opened.db.reset(db);
  return opened;
}

}  // namespace

struct Store::Impl {
  Status build_batch(const BatchRows& written);
  Status add(const BatchRows::Entry& entry);

  StoreOptions options;
  mutable std::mutex mutex;
  Opened opened;  // guarded by mutex; only the writer changes it, so it alone reads without
  DbRows rows{nullptr, nullptr};
  rocksdb::WriteBatch batch;
  std::vector<const BatchRows::Entry*> memory_rows;  // kept for its memory
  std::atomic<uint64_t> batches{0};
  std::atomic<uint64_t> written_rows{0};
  std::atomic<uint64_t> written_bytes{0};

  void set(Opened to) {
    const std::lock_guard lock(mutex);
    opened = std::move(to);
    rows.set_database(opened.db.get());
  }
  std::shared_ptr<rocksdb::DB> retired;  // what reopen() took away, while others hold it

  // Gives out no more views, and closes the database once nobody holds one.
  Status close();
  std::shared_ptr<rocksdb::DB> db() const {
    const std::lock_guard lock(mutex);
    return opened.db;
  }
  std::shared_ptr<FailureNote> note() const {
    const std::lock_guard lock(mutex);
    return opened.note;
  }
  tl::unexpected<Error> failed(const rocksdb::Status& status, const std::string& what) const {
    Error why = storage_error(status, what);
    note()->note(why);
    return fail(std::move(why));
  }
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

Status Store::Impl::close() {
  if (opened.db) {
    retired = opened.db;
    set({nullptr, opened.note});  // the failure stays until another database is open
  }
  if (retired.use_count() > 1) {
    return fail(Code::kUnavailable, "a failed projection cannot be opened again while views of it are held", true);
  }
  retired.reset();
  return {};
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  MNEMO_ASSIGN(Opened opened, open_database(options));
  impl->set(std::move(opened));
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Status Store::reopen() {
  MNEMO_TRY(impl_->close());
  MNEMO_ASSIGN(Opened opened, open_database(impl_->options));
  impl_->set(std::move(opened));
  return {};
}

const RowReader& Store::rows() const { return impl_->rows; }

std::optional<Error> Store::failure() const { return impl_->note()->first(); }

Status Store::write(const BatchRows& rows) {
  if (std::optional<Error> why = failure()) return fail(std::move(*why));
  if (!impl_->opened.db) return fail(database_closed());
  MNEMO_TRY(impl_->build_batch(rows));
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  const rocksdb::Status status = impl_->opened.db->Write(options, &impl_->batch);
  if (!status.ok()) return impl_->failed(status, "cannot write a batch to the projection");
  impl_->batches.fetch_add(1, std::memory_order_relaxed);
  impl_->written_rows.fetch_add(rows.entries().size(), std::memory_order_relaxed);
  impl_->written_bytes.fetch_add(rows.bytes(), std::memory_order_relaxed);
  return {};
}

StoreWrites Store::writes() const {
  return {impl_->batches.load(), impl_->written_rows.load(), impl_->written_bytes.load()};
}

Status Store::flush(bool wait) {
  if (std::optional<Error> why = failure()) return fail(std::move(*why));
  const auto db = impl_->db();
  if (!db) return fail(database_closed());
  rocksdb::FlushOptions options;
  options.wait = wait;
  options.allow_write_stall = true;
  const rocksdb::Status status = db->Flush(options);
  if (!status.ok()) return impl_->failed(status, "cannot flush the projection");
  return {};
}

Result<Meta> Store::durable_meta() const {
  const auto db = impl_->db();
  if (!db) return fail(database_closed());
  rocksdb::ReadOptions options;
  options.read_tier = rocksdb::kPersistedTier;  // skips the memtables: exactly what the last flush brought to disk
  std::string row;
  const rocksdb::Status status =
      db->Get(options, db->DefaultColumnFamily(), rocksdb::Slice(kMetaKey.data(), kMetaKey.size()), &row);
  Meta meta;
  if (status.IsNotFound()) return meta;
  if (!status.ok()) return fail(storage_error(status, "cannot read the durable position"));
  MNEMO_TRY(decode_meta(row, meta));
  return meta;
}

Result<std::unique_ptr<View>> Store::view() const {
  auto db = impl_->db();
  if (!db) return fail(database_closed());
  return SnapshotView::open(std::move(db), impl_->options.partition, impl_->options.resources->tails());
}

Status Store::settle() {
  MNEMO_TRY(flush(true));
  const auto db = impl_->db();
  if (!db) return fail(database_closed());
  const rocksdb::Status status = db->WaitForCompact(rocksdb::WaitForCompactOptions());
  if (!status.ok()) return impl_->failed(status, "compaction failed");
  return {};
}

uint64_t Store::disk_bytes() const {
  uint64_t bytes = 0;
  const auto db = impl_->db();
  if (db) db->GetIntProperty(rocksdb::DB::Properties::kLiveSstFilesSize, &bytes);
  return bytes;
}

}  // namespace mnemo
