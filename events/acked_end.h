// File: events/acked_end.h
// The acked-end mark: a small file that says, for each partition, how far the log has acknowledged.
//
// A log's storage can lose its newest records without noticing (a flipped length byte near the end looks like a write
// that was cut off). The mark is synced before every acknowledgement, so that whoever opens the log can tell an honest
// torn tail, where nothing acknowledged is missing, from data loss. The file has two slots; each write goes to the
// older one, so a write that is cut off leaves the other valid. docs/formats.md has the layout.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "events/log.h"
#include "events/result.h"

namespace mnemo {

// Owns the file and an exclusive lock on it, which is also the lock of the log beside it. Not thread-safe.
class AckedEnd {
 public:
  // What opening it found out.
  struct Contents {
    LogIdentity identity;
    uint64_t generation = 0;
    std::vector<uint64_t> ends;  // one a partition: the offset after the last acknowledged record
  };

  AckedEnd() = default;
  AckedEnd(AckedEnd&& other) noexcept;
  AckedEnd& operator=(AckedEnd&& other) noexcept;
  ~AckedEnd();

  // Makes the file, all ends 0, and syncs it (not its directory). ALREADY_EXISTS, UNAVAILABLE.
  static Result<AckedEnd> create(const std::filesystem::path& file, const LogIdentity& identity);

  // NOT_FOUND       no such file
  // FAILED_PRECONDITION  held by another process, or by another object of this one
  // DATA_LOSS       neither slot is valid
  // UNAVAILABLE     it cannot be read
  // One damaged slot is a warning: the other one serves, and the next write repairs it.
  static Result<AckedEnd> open(const std::filesystem::path& file, bool read_only = false);

  const Contents& contents() const { return contents_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

  // Writes the ends (one a partition, none lower than before) and returns when they are durable. After an error the
  // state of the disk is unknown: do not acknowledge, do not try again.
  Status advance(std::span<const uint64_t> ends);

 private:
  Status write_slot(size_t slot);
  Status read_slots();

  std::filesystem::path file_;
  int fd_ = -1;
  size_t slot_bytes_ = 0;
  size_t newest_slot_ = 0;
  Contents contents_;
  std::string buffer_;
  std::vector<std::string> warnings_;
};

}  // namespace mnemo
