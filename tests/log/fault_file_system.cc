#include "tests/log/fault_file_system.h"

#include <filesystem>
#include <utility>

namespace mnemo {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

IOStatus status_of(int error) {
  if (error == 0) return IOStatus::OK();
  return error == ENOSPC ? IOStatus::NoSpace("the disk is full") : IOStatus::IOError("the disk failed");
}

class FaultSequentialFile final : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  FaultSequentialFile(FaultDisk& disk, std::string name, std::unique_ptr<rocksdb::FSSequentialFile> file)
      : FSSequentialFileOwnerWrapper(std::move(file)), disk_(disk), name_(std::move(name)) {}
  IOStatus Read(size_t n, const IOOptions& options, rocksdb::Slice* result, char* scratch,
                IODebugContext* debug) override {
    const IOStatus status = status_of(disk_.may(DiskCall::kRead, name_));
    return status.ok() ? FSSequentialFileOwnerWrapper::Read(n, options, result, scratch, debug) : status;
  }

 private:
  FaultDisk& disk_;
  std::string name_;
};

class FaultRandomAccessFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  FaultRandomAccessFile(FaultDisk& disk, std::string name, std::unique_ptr<rocksdb::FSRandomAccessFile> file)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), disk_(disk), name_(std::move(name)) {}
  IOStatus Read(uint64_t offset, size_t n, const IOOptions& options, rocksdb::Slice* result, char* scratch,
                IODebugContext* debug) const override {
    const IOStatus status = status_of(disk_.may(DiskCall::kRead, name_));
    return status.ok() ? FSRandomAccessFileOwnerWrapper::Read(offset, n, options, result, scratch, debug) : status;
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    const IOStatus status = status_of(disk_.may(DiskCall::kRead, name_));
    return status.ok() ? FSRandomAccessFileOwnerWrapper::MultiRead(requests, count, options, debug) : status;
  }

 private:
  FaultDisk& disk_;
  std::string name_;
};

class FaultWritableFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultWritableFile(FaultDisk& disk, std::string name, std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), name_(std::move(name)) {}

  IOStatus Append(const rocksdb::Slice& data, const IOOptions& options, IODebugContext* debug) override {
    IOStatus status = status_of(disk_.may(DiskCall::kWrite, name_, data.size()));
    if (status.ok()) status = FSWritableFileOwnerWrapper::Append(data, options, debug);
    if (status.ok()) disk_.appended(name_, data.size());
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
    const uint64_t size = disk_.size_of(name_);  // what comes meanwhile may be left out
    IOStatus status = status_of(disk_.may(DiskCall::kSync, name_));
    if (status.ok()) status = sync();
    if (disk_.is_dead()) return status_of(EIO);
    if (status.ok()) disk_.synced(name_, size);
    return status;
  }

  FaultDisk& disk_;
  std::string name_;
};

class FaultDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  FaultDirectory(FaultDisk& disk, std::string name, std::unique_ptr<rocksdb::FSDirectory> directory)
      : FSDirectoryWrapper(std::move(directory)), disk_(disk), name_(std::move(name)) {}
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return synced([&] { return FSDirectoryWrapper::Fsync(options, debug); });
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& directory_options) override {
    return synced([&] { return FSDirectoryWrapper::FsyncWithDirOptions(options, debug, directory_options); });
  }

 private:
  template <typename SyncFn>
  IOStatus synced(SyncFn sync) {
    IOStatus status = status_of(disk_.may(DiskCall::kSyncDirectory, name_));
    if (status.ok()) status = sync();
    if (disk_.is_dead()) return status_of(EIO);
    if (status.ok()) disk_.directory_synced(name_);
    return status;
  }
  FaultDisk& disk_;
  std::string name_;
};

}  // namespace

void FaultFileSystem::hold_creation_of(std::string suffix) {
  const std::lock_guard lock(mutex_);
  held_suffix_ = std::move(suffix);
}

void FaultFileSystem::release() {
  {
    const std::lock_guard lock(mutex_);
    held_suffix_.clear();
  }
  released_.notify_all();
}

IOStatus FaultFileSystem::NewSequentialFile(const std::string& file, const rocksdb::FileOptions& options,
                                            std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext* debug) {
  const IOStatus status = FileSystemWrapper::NewSequentialFile(file, options, result, debug);
  if (status.ok()) *result = std::make_unique<FaultSequentialFile>(disk_, file, std::move(*result));
  return status;
}

IOStatus FaultFileSystem::NewRandomAccessFile(const std::string& file, const rocksdb::FileOptions& options,
                                              std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                              IODebugContext* debug) {
  const IOStatus status = FileSystemWrapper::NewRandomAccessFile(file, options, result, debug);
  if (status.ok()) *result = std::make_unique<FaultRandomAccessFile>(disk_, file, std::move(*result));
  return status;
}

IOStatus FaultFileSystem::NewWritableFile(const std::string& file, const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  {
    std::unique_lock lock(mutex_);
    released_.wait(lock, [&] { return held_suffix_.empty() || !file.ends_with(held_suffix_); });
  }
  IOStatus status = status_of(disk_.may(DiskCall::kCreate, file));
  if (status.ok()) status = FileSystemWrapper::NewWritableFile(file, options, result, debug);
  if (!status.ok()) return status;
  *result = std::make_unique<FaultWritableFile>(disk_, file, std::move(*result));
  disk_.created(file);
  return status;
}

IOStatus FaultFileSystem::NewDirectory(const std::string& name, const IOOptions& options,
                                       std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext* debug) {
  const IOStatus status = FileSystemWrapper::NewDirectory(name, options, result, debug);
  if (status.ok()) *result = std::make_unique<FaultDirectory>(disk_, name, std::move(*result));
  return status;
}

IOStatus FaultFileSystem::DeleteFile(const std::string& file, const IOOptions& options, IODebugContext* debug) {
  IOStatus status = status_of(disk_.may(DiskCall::kRemove, file));
  if (status.ok()) status = FileSystemWrapper::DeleteFile(file, options, debug);
  if (status.ok()) disk_.removed(file);
  return status;
}

IOStatus FaultFileSystem::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                     IODebugContext* debug) {
  IOStatus status = status_of(disk_.may(DiskCall::kRename, to));
  if (status.ok()) status = FileSystemWrapper::RenameFile(from, to, options, debug);
  if (status.ok()) disk_.renamed(from, to);
  return status;
}

IOStatus FaultFileSystem::UnlockFile(rocksdb::FileLock* lock, const IOOptions& options, IODebugContext* debug) {
  if (before_unlock) before_unlock();
  return FileSystemWrapper::UnlockFile(lock, options, debug);
}

}  // namespace mnemo
