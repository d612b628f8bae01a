#include "events/log_frames.h"

#include <fmt/format.h>
#include <rocksdb/file_checksum.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "events/coding.h"

namespace mnemo {
namespace {

// A file is a row of blocks; a frame never crosses the edge of one, and less than a header's room is padding.
constexpr size_t kBlockBytes = 32768;
constexpr size_t kHeaderBytes = 7;  // masked crc32c le32, length le16, type
constexpr uint8_t kTypeLast = 4;    // 1 to 4: full, first, middle, last

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

// Types of recycled logs, which this log never writes: 5 to 8, and the odd ones from 11 on.
bool is_recycled_type(uint8_t type) { return (type > kTypeLast && type <= 8) || (type > 10 && type % 2 == 1); }

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

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

}  // namespace

Result<std::optional<FrameFault>> scan_frames(const std::filesystem::path& path) {
  const File file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (!file) {
    return fail(errno == ENOENT ? Code::kDataLoss : Code::kUnavailable,
                fmt::format("{}: cannot open: {}", path.string(), std::strerror(errno)), errno != ENOENT);
  }
  std::optional<FrameFault> first;
  auto block = std::make_unique<std::array<char, kBlockBytes>>();
  for (uint64_t start = 0;; start += kBlockBytes) {
    const size_t got = std::fread(block->data(), 1, kBlockBytes, file.get());
    if (got < kBlockBytes && std::ferror(file.get()) != 0) {
      return fail(Code::kUnavailable, fmt::format("{}: cannot read: {}", path.string(), std::strerror(errno)), true);
    }
    if (const auto fault = scan_block({block->data(), got})) {
      if (!first) first = FrameFault{start + fault->offset, fault->reason, fault->at_end, false};
      // As RocksDB's reader does, go on with the next block: all of the file must be fit to be given to it.
      first->unreadable = first->unreadable || fault->recycled;
    }
    if (got < kBlockBytes) return first;
  }
}

}  // namespace mnemo
