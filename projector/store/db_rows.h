// File: projector/store/db_rows.h
// Rows straight from RocksDB, as they are now or at a snapshot. Internal to projector/store.
#pragma once

#include <rocksdb/db.h>

#include "projector/store/rows.h"

namespace mnemo {

// Thread-safe as the database is. Database and snapshot must outlive it. UNAVAILABLE while there is no database.
class DbRows final : public RowReader {
 public:
  DbRows(rocksdb::DB* db, const rocksdb::Snapshot* snapshot) : db_(db) { options_.snapshot = snapshot; }

  // Not while another thread reads.
  void set_database(rocksdb::DB* db) { db_ = db; }

  Result<bool> get(std::string_view key, std::string& value) const override;
  Status get_all(std::span<const std::string> keys, const VisitFound& visit) const override;
  Status scan(std::string_view from, std::string_view to, const Visit& visit) const override;
  Result<bool> last(std::string_view from, std::string_view to, std::string& key, std::string& value) const override;

 private:
  rocksdb::DB* db_;
  rocksdb::ReadOptions options_;
};

}  // namespace mnemo
