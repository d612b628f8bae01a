// File: events/log_rocksdb.h
// How the embedded log uses RocksDB: its options, and its errors in our terms. Internal to the embedded log.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <filesystem>
#include <memory>
#include <string>

#include "events/log_embedded.h"
#include "events/result.h"

namespace mnemo {

// Deletes the iterators that still exist with it; so no reader may outlive it.
using Database = std::unique_ptr<rocksdb::DB>;

// The options of the log's database, for every way of opening it.
rocksdb::Options log_database_options(const EmbeddedLogOptions& options, rocksdb::WALRecoveryMode mode);

// Opens without changing, creating or locking any file.
Result<Database> open_database_read_only(const std::filesystem::path& dir, const rocksdb::Options& options);
Result<Database> open_database(const std::filesystem::path& dir, const rocksdb::Options& options);

// Damage becomes DATA_LOSS; failures of the machine, a full disk among them, become UNAVAILABLE and retryable; what
// only another version of RocksDB can read becomes FAILED_PRECONDITION.
Error database_error(const rocksdb::Status& status, const std::string& what);

}  // namespace mnemo
