#include "events/acked_end.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "events/coding.h"
#include "events/hash.h"
#include "events/limits.h"
#include "events/log_rows.h"

namespace mnemo {
namespace {

constexpr std::string_view kMagic = "MNACKED1";
constexpr size_t kSlots = 2;
constexpr size_t kCopies = 2;            // of the same contents in a slot
constexpr size_t kCopyAlignment = 4096;  // so that one torn sector or page damages one copy only
constexpr size_t kChecksumBytes = 8;     // at the very end of a copy, over all that is before it, padding included
constexpr size_t kFixedBytes = 8 + 16 + 4 + 4 + 8;

size_t copy_bytes_for(uint32_t partitions) {
  const size_t needed = kFixedBytes + 8 * size_t{partitions} + kChecksumBytes;
  return (needed + kCopyAlignment - 1) / kCopyAlignment * kCopyAlignment;
}

void encode_copy(const AckedEnd::Contents& contents, size_t size, std::string& out) {
  out.assign(kMagic);
  out.append(encode_identity(contents.identity));
  put_be64(out, contents.generation);
  for (const uint64_t end : contents.ends) put_be64(out, end);
  out.resize(size - kChecksumBytes, '\0');
  put_be64(out, xxh3_64(out));
}

// The copy that these bytes begin with: it tells its own length.
std::optional<AckedEnd::Contents> decode_copy(std::string_view bytes) {
  Decoder decoder(bytes);
  if (decoder.raw(kMagic.size()) != kMagic) return std::nullopt;
  const std::optional<LogIdentity> identity = decode_identity(decoder.raw(24));
  if (!identity || identity->partitions > limits::kPartitionsMax) return std::nullopt;
  const size_t size = copy_bytes_for(identity->partitions);
  if (bytes.size() < size) return std::nullopt;
  const std::string_view covered = bytes.substr(0, size - kChecksumBytes);
  if (get_be64(bytes.data() + covered.size()) != xxh3_64(covered)) return std::nullopt;
  AckedEnd::Contents contents{*identity, decoder.be64(), {}};
  for (uint32_t i = 0; i < identity->partitions; ++i) contents.ends.push_back(decoder.be64());
  return contents;
}

Status lock(int fd, const std::filesystem::path& file) {
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return fail(file_error(file, "lock", errno));
  return fail(
      Code::kFailedPrecondition,
      fmt::format("the log in {} is held by another process: stop it, or ask it instead", file.parent_path().string()));
}

}  // namespace

AckedEnd::AckedEnd(AckedEnd&& other) noexcept { *this = std::move(other); }

AckedEnd& AckedEnd::operator=(AckedEnd&& other) noexcept {
  std::swap(calls_, other.calls_);
  std::swap(file_, other.file_);
  std::swap(fd_, other.fd_);
  std::swap(copy_bytes_, other.copy_bytes_);
  std::swap(newest_slot_, other.newest_slot_);
  std::swap(newer_may_be_lost_, other.newer_may_be_lost_);
  std::swap(needs_repair_, other.needs_repair_);
  std::swap(contents_, other.contents_);
  std::swap(buffer_, other.buffer_);
  std::swap(warnings_, other.warnings_);
  return *this;
}

AckedEnd::~AckedEnd() {
  if (fd_ >= 0) ::close(fd_);
}

Result<AckedEnd> AckedEnd::create(const std::filesystem::path& file, const LogIdentity& identity, FileCalls& calls) {
  AckedEnd mark;
  mark.calls_ = &calls;
  mark.file_ = file;
  mark.fd_ = calls.open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (mark.fd_ < 0) {
    if (errno == EEXIST) return fail(Code::kAlreadyExists, file.string() + " exists already");
    return fail(file_error(file, "create", errno));
  }
  MNEMO_TRY(lock(mark.fd_, file));
  mark.copy_bytes_ = copy_bytes_for(identity.partitions);
  mark.contents_ = {identity, 0, std::vector<uint64_t>(identity.partitions, 0)};
  for (size_t slot = 0; slot < kSlots; ++slot) {
    ++mark.contents_.generation;
    MNEMO_TRY(mark.write_slot(slot));
  }
  mark.newest_slot_ = kSlots - 1;
  if (calls.sync(mark.fd_) != 0) return fail(file_error(file, "sync", errno));
  return mark;
}

Result<AckedEnd> AckedEnd::open(const std::filesystem::path& file, bool read_only, FileCalls& calls) {
  AckedEnd mark;
  mark.calls_ = &calls;
  mark.file_ = file;
  mark.fd_ = calls.open(file.c_str(), (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC, 0);
  if (mark.fd_ < 0) {
    if (errno == ENOENT) return fail(Code::kNotFound, file.string() + " does not exist");
    return fail(file_error(file, "open", errno));
  }
  MNEMO_TRY(lock(mark.fd_, file));
  MNEMO_TRY(mark.read_slots());
  return mark;
}

Status AckedEnd::read_slots() {
  // No file of a log is longer; of a longer one, no more is read.
  buffer_.resize(kSlots * kCopies * copy_bytes_for(limits::kPartitionsMax));
  MNEMO_TRY(read_whole(*calls_, fd_, file_, 0, buffer_));
  const std::string_view bytes = buffer_;
  // Where copies are depends on their length, which any of them tells.
  for (size_t at = 0; at < bytes.size() && copy_bytes_ == 0; at += kCopyAlignment) {
    if (const auto found = decode_copy(bytes.substr(at))) copy_bytes_ = copy_bytes_for(found->identity.partitions);
  }
  std::optional<Contents> newest;
  for (size_t slot = 0; slot < kSlots && copy_bytes_ != 0; ++slot) read_slot(bytes, slot, newest);
  if (!newest) {
    return fail(Code::kDataLoss, fmt::format("{}: none of its copies is valid, so nobody can tell how much of this log "
                                             "was acknowledged; restore the log from a backup",
                                             file_.string()));
  }
  contents_ = std::move(*newest);
  return {};
}

void AckedEnd::read_slot(std::string_view bytes, size_t slot, std::optional<Contents>& newest) {
  std::vector<size_t> damaged;
  for (size_t copy = 0; copy < kCopies; ++copy) {
    const size_t at = (slot * kCopies + copy) * copy_bytes_;
    std::optional<Contents> found = decode_copy(bytes.substr(std::min(at, bytes.size())));
    if (!found) {
      damaged.push_back(at);
    } else if (!newest || found->generation > newest->generation) {
      newest = std::move(found);
      newest_slot_ = slot;
    }
  }
  if (damaged.empty()) return;
  needs_repair_ = true;
  if (damaged.size() < kCopies) {
    warnings_.push_back(fmt::format("{}: the copy at byte {} is damaged; the other copy of slot {} serves",
                                    file_.string(), damaged.front(), slot));
    return;
  }
  newer_may_be_lost_ = true;
  warnings_.push_back(
      fmt::format("{}: both copies of slot {} are damaged, or were cut off while they were written; the "
                  "other slot serves, and nobody can tell whether anything was acknowledged after it",
                  file_.string(), slot));
}

Status AckedEnd::advance(std::span<const uint64_t> ends) {
  MNEMO_CHECK(ends.size() == contents_.ends.size());
  for (size_t i = 0; i < ends.size(); ++i) MNEMO_CHECK(ends[i] >= contents_.ends[i]);
  contents_.ends.assign(ends.begin(), ends.end());
  MNEMO_TRY(write_older_slot());
  if (std::exchange(needs_repair_, false)) return write_older_slot();  // then every copy has been written anew
  return {};
}

Status AckedEnd::write_older_slot() {
  ++contents_.generation;
  const size_t slot = 1 - newest_slot_;
  MNEMO_TRY(write_slot(slot));
  if (calls_->sync_data(fd_) != 0) return fail(file_error(file_, "sync", errno));
  newest_slot_ = slot;
  return {};
}

Status AckedEnd::write_slot(size_t slot) {
  encode_copy(contents_, copy_bytes_, buffer_);
  buffer_.append(std::string(buffer_));
  static_assert(kCopies == 2);
  return write_whole(*calls_, fd_, file_, buffer_, static_cast<off_t>(slot * kCopies * copy_bytes_));
}

}  // namespace mnemo
