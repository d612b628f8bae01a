#include "events/acked_end.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "events/coding.h"
#include "events/hash.h"
#include "events/limits.h"
#include "events/log_rows.h"

namespace mnemo {
namespace {

constexpr std::string_view kMagic = "MNACKED1";
constexpr size_t kSlots = 2;
constexpr size_t kSlotAlignment = 4096;  // so that one torn sector or page damages one slot only
constexpr size_t kChecksumBytes = 8;     // at the very end of a slot, over all that is before it, padding included
constexpr size_t kFixedBytes = 8 + 16 + 4 + 4 + 8;

size_t slot_bytes(uint32_t partitions) {
  const size_t needed = kFixedBytes + 8 * size_t{partitions} + kChecksumBytes;
  return (needed + kSlotAlignment - 1) / kSlotAlignment * kSlotAlignment;
}

Error io_error(const std::filesystem::path& file, const char* what, int error) {
  return Error{Code::kUnavailable,
               fmt::format("{}: cannot {}: {}{}", file.string(), what, std::strerror(error),
                           error == ENOSPC ? "; free some space and start again" : ""),
               true};
}

void encode_slot(const AckedEnd::Contents& contents, size_t size, std::string& out) {
  out.assign(kMagic);
  out.append(encode_identity(contents.identity));
  put_be64(out, contents.generation);
  for (const uint64_t end : contents.ends) put_be64(out, end);
  out.resize(size - kChecksumBytes, '\0');
  put_be64(out, xxh3_64(out));
}

std::optional<AckedEnd::Contents> decode_slot(std::string_view slot) {
  if (slot.size() < kFixedBytes + kChecksumBytes) return std::nullopt;
  const std::string_view covered = slot.substr(0, slot.size() - kChecksumBytes);
  if (get_be64(slot.data() + covered.size()) != xxh3_64(covered)) return std::nullopt;
  Decoder decoder(covered);
  if (decoder.raw(kMagic.size()) != kMagic) return std::nullopt;
  const std::optional<LogIdentity> identity = decode_identity(decoder.raw(24));
  if (!identity || identity->partitions > limits::kPartitionsMax) return std::nullopt;
  AckedEnd::Contents contents{*identity, decoder.be64(), {}};
  for (uint32_t i = 0; i < identity->partitions; ++i) contents.ends.push_back(decoder.be64());
  if (!decoder.ok() || slot.size() != slot_bytes(identity->partitions)) return std::nullopt;
  return contents;
}

Status lock(int fd, const std::filesystem::path& file) {
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return fail(io_error(file, "lock", errno));
  return fail(
      Code::kFailedPrecondition,
      fmt::format("the log in {} is held by another process: stop it, or ask it instead", file.parent_path().string()));
}

}  // namespace

AckedEnd::AckedEnd(AckedEnd&& other) noexcept { *this = std::move(other); }

AckedEnd& AckedEnd::operator=(AckedEnd&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(fd_, other.fd_);
  std::swap(slot_bytes_, other.slot_bytes_);
  std::swap(newest_slot_, other.newest_slot_);
  std::swap(contents_, other.contents_);
  std::swap(buffer_, other.buffer_);
  std::swap(warnings_, other.warnings_);
  return *this;
}

AckedEnd::~AckedEnd() {
  if (fd_ >= 0) ::close(fd_);
}

Result<AckedEnd> AckedEnd::create(const std::filesystem::path& file, const LogIdentity& identity) {
  AckedEnd mark;
  mark.file_ = file;
  mark.fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (mark.fd_ < 0) {
    if (errno == EEXIST) return fail(Code::kAlreadyExists, file.string() + " exists already");
    return fail(io_error(file, "create", errno));
  }
  MNEMO_TRY(lock(mark.fd_, file));
  mark.slot_bytes_ = slot_bytes(identity.partitions);
  mark.contents_ = {identity, 0, std::vector<uint64_t>(identity.partitions, 0)};
  for (size_t slot = 0; slot < kSlots; ++slot) {
    ++mark.contents_.generation;
    MNEMO_TRY(mark.write_slot(slot));
  }
  if (::fsync(mark.fd_) != 0) return fail(io_error(file, "sync", errno));
  return mark;
}

Result<AckedEnd> AckedEnd::open(const std::filesystem::path& file, bool read_only) {
  AckedEnd mark;
  mark.file_ = file;
  mark.fd_ = ::open(file.c_str(), (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
  if (mark.fd_ < 0) {
    if (errno == ENOENT) return fail(Code::kNotFound, file.string() + " does not exist");
    return fail(io_error(file, "open", errno));
  }
  MNEMO_TRY(lock(mark.fd_, file));
  MNEMO_TRY(mark.read_slots());
  return mark;
}

Status AckedEnd::read_slots() {
  struct stat info{};
  if (::fstat(fd_, &info) != 0) return fail(io_error(file_, "look at", errno));
  // A file of another size has no slot that can be valid; reading it is bounded all the same.
  slot_bytes_ = std::min(static_cast<size_t>(info.st_size) / kSlots, slot_bytes(limits::kPartitionsMax));
  std::optional<Contents> newest;
  for (size_t slot = 0; slot < kSlots; ++slot) {
    buffer_.resize(slot_bytes_);
    const ssize_t got = ::pread(fd_, buffer_.data(), slot_bytes_, static_cast<off_t>(slot * slot_bytes_));
    if (got < 0) return fail(io_error(file_, "read", errno));
    buffer_.resize(static_cast<size_t>(got));
    std::optional<Contents> found = decode_slot(buffer_);
    if (!found) {
      warnings_.push_back(fmt::format("{}: slot {} is damaged; the other one serves", file_.string(), slot));
      continue;
    }
    if (!newest || found->generation > newest->generation) {
      newest = std::move(found);
      newest_slot_ = slot;
    }
  }
  if (!newest) {
    return fail(Code::kDataLoss,
                fmt::format("{}: neither of its two slots is valid, so nobody can tell how much of this log was "
                            "acknowledged; restore the log from a backup",
                            file_.string()));
  }
  contents_ = std::move(*newest);
  return {};
}

Status AckedEnd::advance(std::span<const uint64_t> ends) {
  MNEMO_CHECK(ends.size() == contents_.ends.size());
  for (size_t i = 0; i < ends.size(); ++i) MNEMO_CHECK(ends[i] >= contents_.ends[i]);
  contents_.ends.assign(ends.begin(), ends.end());
  ++contents_.generation;
  const size_t slot = 1 - newest_slot_;
  MNEMO_TRY(write_slot(slot));
  if (::fdatasync(fd_) != 0) return fail(io_error(file_, "sync", errno));
  newest_slot_ = slot;
  return {};
}

Status AckedEnd::write_slot(size_t slot) {
  encode_slot(contents_, slot_bytes_, buffer_);
  size_t written = 0;
  while (written < buffer_.size()) {
    const ssize_t n = ::pwrite(fd_, buffer_.data() + written, buffer_.size() - written,
                               static_cast<off_t>(slot * slot_bytes_ + written));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(io_error(file_, "write", errno));
    written += static_cast<size_t>(n);
  }
  return {};
}

}  // namespace mnemo
