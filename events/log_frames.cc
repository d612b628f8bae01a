#include "events/log_frames.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <rocksdb/file_checksum.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "events/coding.h"

namespace mnemo {
namespace {

// A file is a row of blocks; a frame never crosses the edge of one, and less than a header's room is padding.
constexpr size_t kBlockBytes = 32768;
constexpr size_t kHeaderBytes = 7;  // masked crc32c le32, length le16, type

uint32_t crc32c(std::string_view bytes) {
  static const auto factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  const auto generator = factory->CreateFileChecksumGenerator({});
  generator->Update(bytes.data(), bytes.size());
  generator->Finalize();
  return get_be32(generator->GetChecksum().data());
}

uint32_t unmasked(uint32_t crc) {
  const uint32_t rotated = crc - 0xa282ead8U;
  return rotated >> 17 | rotated << 15;
}

// Types of recycled logs, which this log never writes. RocksDB's reader, once it has read a record of a log that is not
// recycled, takes such a frame for a bad one and does not go past it: before it looks at length or checksum. So this
// is asked first here too, and of exactly the types that RocksDB asks (10.4, db/log_format.h).
bool is_recycled_type(uint8_t type) { return (type >= 5 && type <= 8) || type == 11 || type == 131; }

struct BlockFault {
  size_t offset = 0;
  std::string reason;
  bool at_end = false;
  bool recycled = false;
};

// The first fault of one block; only the last block of a file may be short.
std::optional<BlockFault> scan_block(std::string_view block) {
  const bool last = block.size() < kBlockBytes;
  size_t at = 0;
  while (block.size() - at >= kHeaderBytes) {
    const char* header = block.data() + at;
    const size_t length = static_cast<uint8_t>(header[4]) | size_t{static_cast<uint8_t>(header[5])} << 8;
    const auto type = static_cast<uint8_t>(header[6]);
    if (is_recycled_type(type)) return BlockFault{at, fmt::format("frame of unknown type {}", type), false, true};
    if (kHeaderBytes + length > block.size() - at) {
      return BlockFault{at, fmt::format("frame of {} bytes where {} are left", length, block.size() - at), last, false};
    }
    if (type == 0 && length == 0) return BlockFault{at, "zeros instead of a frame", last, false};
    if (crc32c(block.substr(at + 6, 1 + length)) != unmasked(get_le32(header))) {
      return BlockFault{at, "checksum mismatch", false, false};
    }
    at += kHeaderBytes + length;
  }
  if (last && at < block.size()) return BlockFault{at, "frame header cut off", true, false};
  return std::nullopt;
}

Result<std::optional<FrameFault>> scan_blocks(FileCalls& calls, int fd, const std::filesystem::path& path) {
  std::optional<FrameFault> first;
  std::string block;
  for (uint64_t start = 0;; start += kBlockBytes) {
    block.resize(kBlockBytes);
    MNEMO_TRY(read_whole(calls, fd, path, static_cast<off_t>(start), block));
    if (const auto fault = scan_block(block)) {
      if (!first) first = FrameFault{start + fault->offset, fault->reason, fault->at_end, false};
      // As RocksDB's reader does, go on with the next block: all of the file must be fit to be given to it.
      first->unreadable = first->unreadable || fault->recycled;
    }
    if (block.size() < kBlockBytes) return first;
  }
}

}  // namespace

Result<std::optional<FrameFault>> scan_frames(const std::filesystem::path& file, FileCalls& calls) {
  const int fd = calls.open(file.c_str(), O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) {
    if (errno != ENOENT) return fail(file_error(file, "open", errno));
    return fail(Code::kDataLoss, file.string() + " is missing");
  }
  auto fault = scan_blocks(calls, fd, file);
  ::close(fd);
  return fault;
}

}  // namespace mnemo
