#include "tests/log/fault_file_system.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

namespace mnemo {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

IOStatus power_is_off() { return IOStatus::IOError("the power is off"); }

class FaultFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultFile(FaultFileSystem& fs, std::string name, std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), fs_(fs), name_(std::move(name)) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = fs_.may_append(name_, data.size());
    if (status.ok()) status = FSWritableFileOwnerWrapper::Append(data, options, debug);
    if (status.ok()) fs_.appended(name_, data.size());
    return status;
  }
  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& /*verification*/, IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return synced([&] { return FSWritableFileOwnerWrapper::Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return synced([&] { return FSWritableFileOwnerWrapper::Fsync(options, debug); });
  }

 private:
  template <typename SyncFn>
  IOStatus synced(SyncFn sync) {
    const uint64_t size = fs_.size_of(name_);  // what comes meanwhile may be left out
    IOStatus status = fs_.may_sync(name_);
    if (status.ok()) status = sync();
    if (status.ok() && !fs_.is_dead()) fs_.synced(name_, size);
    return fs_.is_dead() ? power_is_off() : status;
  }

  FaultFileSystem& fs_;
  std::string name_;
};

class FaultDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  FaultDirectory(FaultFileSystem& fs, std::unique_ptr<rocksdb::FSDirectory> directory)
      : FSDirectoryWrapper(std::move(directory)), fs_(fs) {}
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return synced(FSDirectoryWrapper::Fsync(options, debug));
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& directory_options) override {
    return synced(FSDirectoryWrapper::FsyncWithDirOptions(options, debug, directory_options));
  }

 private:
  IOStatus synced(IOStatus status) {
    if (fs_.is_dead()) return power_is_off();
    if (status.ok()) fs_.directory_synced();
    return status;
  }
  FaultFileSystem& fs_;
};

}  // namespace

void FaultFileSystem::fail_syncs_of(std::string suffix) {
  const std::lock_guard lock(mutex_);
  failing_suffix_ = std::move(suffix);
}

void FaultFileSystem::set_space(int64_t bytes, std::string suffix) {
  const std::lock_guard lock(mutex_);
  space_ = bytes;
  space_suffix_ = std::move(suffix);
}

IOStatus FaultFileSystem::may_append(const std::string& file, size_t bytes) {
  if (dead_) return power_is_off();
  const std::lock_guard lock(mutex_);
  if (space_ < 0 || !file.ends_with(space_suffix_)) return IOStatus::OK();
  if (space_ < static_cast<int64_t>(bytes)) return IOStatus::NoSpace("the disk is full");
  space_ -= static_cast<int64_t>(bytes);
  return IOStatus::OK();
}

IOStatus FaultFileSystem::may_sync(const std::string& file) {
  if (dead_) return power_is_off();
  const std::lock_guard lock(mutex_);
  const bool fails = !failing_suffix_.empty() && file.ends_with(failing_suffix_);
  return fails ? IOStatus::IOError("the sync failed") : IOStatus::OK();
}

void FaultFileSystem::appended(const std::string& file, size_t bytes) {
  const std::lock_guard lock(mutex_);
  files_[file].size += bytes;
}

void FaultFileSystem::synced(const std::string& file, uint64_t size) {
  const std::lock_guard lock(mutex_);
  State& state = files_[file];
  state.synced = std::max(state.synced, size);
}

uint64_t FaultFileSystem::size_of(const std::string& file) {
  const std::lock_guard lock(mutex_);
  return files_[file].size;
}

void FaultFileSystem::directory_synced() {
  const std::lock_guard lock(mutex_);
  for (auto& [file, state] : files_) state.entry_synced = true;
}

IOStatus FaultFileSystem::NewWritableFile(const std::string& file, const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  if (dead_) return power_is_off();
  const IOStatus status = FileSystemWrapper::NewWritableFile(file, options, result, debug);
  if (!status.ok()) return status;
  *result = std::make_unique<FaultFile>(*this, file, std::move(*result));
  const std::lock_guard lock(mutex_);
  files_[file] = {};
  return status;
}

IOStatus FaultFileSystem::NewDirectory(const std::string& name, const IOOptions& options,
                                       std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* debug) {
  const IOStatus status = FileSystemWrapper::NewDirectory(name, options, result, debug);
  if (status.ok()) *result = std::make_unique<FaultDirectory>(*this, std::move(*result));
  return status;
}

IOStatus FaultFileSystem::DeleteFile(const std::string& file, const IOOptions& options, IODebugContext* debug) {
  if (dead_) return power_is_off();
  const std::lock_guard lock(mutex_);
  files_.erase(file);
  return FileSystemWrapper::DeleteFile(file, options, debug);
}

IOStatus FaultFileSystem::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                     IODebugContext* debug) {
  if (dead_) return power_is_off();
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(from);
  if (found != files_.end()) {
    State state = found->second;
    // That a rename itself gets lost is not played: it either happened whole, or the power went before it.
    state.entry_synced = true;
    files_.erase(found);
    files_[to] = state;
  }
  return FileSystemWrapper::RenameFile(from, to, options, debug);
}

void FaultFileSystem::lose_unsynced(std::mt19937_64& random) {
  const std::lock_guard lock(mutex_);
  for (const auto& [file, state] : files_) {
    if (!std::filesystem::exists(file)) continue;
    if (!state.entry_synced && random() % 2 == 0) {
      std::filesystem::remove(file);
      continue;
    }
    if (state.size <= state.synced) continue;
    const uint64_t kept = state.synced + random() % (state.size - state.synced + 1);
    std::filesystem::resize_file(file, kept);
    if (kept == state.synced || random() % 2 == 0) continue;
    // Pages reach the disk in any order: a page in the middle may be zeros.
    std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
    const uint64_t at = state.synced + random() % (kept - state.synced);
    out.seekp(static_cast<std::streamoff>(at));
    out << std::string(std::min<uint64_t>(4096, kept - at), '\0');
  }
}

}  // namespace mnemo
