// File: tests/projector/fault_env.h
// Files in memory that fail when told to: reads of tables, and writes of them.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

namespace mnemo {

struct Faults {
  std::atomic<bool> reads{false};
  std::atomic<bool> writes{false};
};

class FaultReader final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  FaultReader(std::shared_ptr<Faults> faults, std::unique_ptr<rocksdb::FSRandomAccessFile> file)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), faults_(std::move(faults)) {}
  rocksdb::IOStatus Read(uint64_t offset, size_t n, const rocksdb::IOOptions& options, rocksdb::Slice* result,
                         char* scratch, rocksdb::IODebugContext* debug) const override {
    if (faults_->reads) return rocksdb::IOStatus::IOError("this read fails");
    return FSRandomAccessFileOwnerWrapper::Read(offset, n, options, result, scratch, debug);
  }

 private:
  std::shared_ptr<Faults> faults_;
};

class FaultWriter final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultWriter(std::shared_ptr<Faults> faults, std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), faults_(std::move(faults)) {}
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    if (faults_->writes) return rocksdb::IOStatus::IOError("this write fails");
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo& /*verification*/,
                           rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }

 private:
  std::shared_ptr<Faults> faults_;
};

class FaultFiles final : public rocksdb::FileSystemWrapper {
 public:
  FaultFiles(std::shared_ptr<Faults> faults, const std::shared_ptr<rocksdb::FileSystem>& below)
      : FileSystemWrapper(below), faults_(std::move(faults)) {}
  const char* Name() const override { return "FaultFiles"; }

  rocksdb::IOStatus NewRandomAccessFile(const std::string& file, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                        rocksdb::IODebugContext* debug) override {
    const rocksdb::IOStatus status = FileSystemWrapper::NewRandomAccessFile(file, options, result, debug);
    if (status.ok()) *result = std::make_unique<FaultReader>(faults_, std::move(*result));
    return status;
  }
  rocksdb::IOStatus NewWritableFile(const std::string& file, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    const rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(file, options, result, debug);
    const bool table = status.ok() && file.ends_with(".sst");
    if (table) *result = std::make_unique<FaultWriter>(faults_, std::move(*result));
    return status;
  }

 private:
  std::shared_ptr<Faults> faults_;
};

class FaultEnv {
 public:
  FaultEnv()
      : memory_(rocksdb::NewMemEnv(rocksdb::Env::Default())),
        env_(rocksdb::NewCompositeEnv(std::make_shared<FaultFiles>(faults_, memory_->GetFileSystem()))) {}
  rocksdb::Env* env() { return env_.get(); }
  void fail_reads(bool fail) { faults_->reads = fail; }
  void fail_writes(bool fail) { faults_->writes = fail; }

 private:
  std::shared_ptr<Faults> faults_ = std::make_shared<Faults>();
  std::unique_ptr<rocksdb::Env> memory_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace mnemo
