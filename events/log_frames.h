// File: events/log_frames.h
// Reads the framing of RocksDB's write-ahead logs and manifests, without RocksDB.
//
// RocksDB's own reader tells neither file nor offset of a bad frame, takes some flipped length bytes for the end of
// the file, and never returns from a frame whose type has become one of a recycled log. So the files of a log are
// walked here first. What is found names the place; whether it matters is decided by what can be read in the end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "events/files.h"
#include "events/result.h"

namespace mnemo {

struct FrameFault {
  uint64_t offset = 0;      // of the first frame in the file that is not sound
  std::string reason;       // "checksum mismatch" and the like
  bool at_end = false;      // the frame reaches past the end of the file, as one whose write was cut off does
  bool unreadable = false;  // the file has a frame that RocksDB's reader must not be given
};

// The first fault of the file, or nullopt when every frame is sound. UNAVAILABLE when it cannot be read.
Result<std::optional<FrameFault>> scan_frames(const std::filesystem::path& file,
                                              FileCalls& calls = system_file_calls());

}  // namespace mnemo
