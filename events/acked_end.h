// File: events/acked_end.h
// The acked-end mark: a small file that says, for each partition, how far the log has acknowledged.
//
// A log's storage can lose its newest records without noticing (a flipped length byte near the end looks like a write
// that was cut off). The mark is synced before every acknowledgement, so that whoever opens the log can tell an honest
// torn tail, where nothing acknowledged is missing, from data loss. The file has two slots; each write goes to the
// older one, so a write that is cut off leaves the other valid. A slot holds its contents twice, in blocks of their
// own, so damage to one block never loses the newest mark. docs/formats.md has the layout.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "events/files.h"
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

  // Makes the file, all ends 0, and syncs it (not its directory). ALREADY_EXISTS, UNAVAILABLE. `calls` outlives it.
  static Result<AckedEnd> create(const std::filesystem::path& file, const LogIdentity& identity,
                                 FileCalls& calls = system_file_calls());

  // NOT_FOUND            no such file
  // FAILED_PRECONDITION  held by another process, or by another object of this one
  // DATA_LOSS            no copy is valid
  // UNAVAILABLE          it cannot be read
  // A damaged copy is a warning: another one serves, and the next write repairs it.
  static Result<AckedEnd> open(const std::filesystem::path& file, bool read_only = false,
                               FileCalls& calls = system_file_calls());

  const Contents& contents() const { return contents_; }
  // No copy of one slot is valid: a newer mark may have stood there. One that was cut off while it was written had not
  // been followed by an acknowledgement; one that was damaged later had.
  bool newer_may_be_lost() const { return newer_may_be_lost_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

  // Writes the ends (one a partition, none lower than before) and returns when they are durable. After an error the
  // state of the disk is unknown: do not acknowledge, do not try again.
  Status advance(std::span<const uint64_t> ends);

 private:
  Status write_slot(size_t slot);
  Status write_older_slot();
  Status read_slots();
  void read_slot(std::string_view bytes, size_t slot, std::optional<Contents>& newest);

  FileCalls* calls_ = nullptr;
  std::filesystem::path file_;
  int fd_ = -1;
  size_t copy_bytes_ = 0;
  size_t newest_slot_ = 0;
  bool newer_may_be_lost_ = false;
  bool needs_repair_ = false;
  Contents contents_;
  std::string buffer_;
  std::vector<std::string> warnings_;
};

}  // namespace mnemo
