#include "events/fingerprint.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "events/hash.h"

namespace mnemo {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kFileBytesMax = 2 * kKeyBytes + 1;  // the digits and a newline
// Starts with another byte than any canonical encoding, so it is no fingerprint of an event.
constexpr std::string_view kCheckText = "mnemo fingerprint check 1";

tl::unexpected<Error> failed(std::string_view what, const std::filesystem::path& file, int error) {
  return fail(Code::kUnavailable, fmt::format("cannot {} {}: {}", what, file.string(), std::strerror(error)));
}

// Closes, and removes the file that was being written, whatever happens.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& beside) {
    path_ = beside;
    path_ += fmt::format(".new-{:08x}", randombytes_random());
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  }
  ~TemporaryFile() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int descriptor() const { return descriptor_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

Status sync_directory(const std::filesystem::path& directory) {
  const std::filesystem::path here = directory.empty() ? "." : directory;
  const int descriptor = ::open(here.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return failed("open the directory", here, errno);
  const int error = ::fsync(descriptor) == 0 ? 0 : errno;
  ::close(descriptor);
  if (error != 0) return failed("sync the directory", here, error);
  return {};
}

}  // namespace

FingerprintKey FingerprintKey::random() {
  MNEMO_CHECK(sodium_init() >= 0);
  FingerprintKey key;
  randombytes_buf(key.key_.data(), key.key_.size());
  return key;
}

Result<FingerprintKey> FingerprintKey::from_bytes(std::string_view bytes32) {
  if (bytes32.size() != kKeyBytes) {
    return fail(Code::kInvalidArgument, fmt::format("a fingerprint key is 32 bytes, not {}", bytes32.size()));
  }
  FingerprintKey key;
  std::copy(bytes32.begin(), bytes32.end(), key.key_.begin());
  return key;
}

Result<FingerprintKey> FingerprintKey::load(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    if (errno != ENOENT) return failed("read the fingerprint key", file, errno);
    return fail(Code::kNotFound, fmt::format("no fingerprint key at {}: put the one that belongs to this log "
                                             "there, from a backup or from a copy of the log",
                                             file.string()));
  }
  std::string text(kFileBytesMax + 1, '\0');  // one more than may be there, to notice it
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (!text.empty() && text.back() == '\n') text.pop_back();
  const Result<std::string> bytes = from_hex(text);
  if (bytes && bytes->size() == kKeyBytes) return from_bytes(*bytes);
  return fail(Code::kInvalidArgument,
              fmt::format("{} is no fingerprint key: it must hold 64 lower-case hexadecimal digits and a newline",
                          file.string()));
}

// Under another name first, then linked into place: a crash leaves the whole key or none, and link() replaces nothing.
Status FingerprintKey::save(const std::filesystem::path& file) const {
  MNEMO_CHECK(sodium_init() >= 0);
  const TemporaryFile temporary(file);
  if (temporary.descriptor() < 0) return failed("create", temporary.path(), errno);
  const std::string text = to_hex(std::string_view(key_.data(), key_.size())) + '\n';
  const ssize_t written = ::write(temporary.descriptor(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) return failed("write", temporary.path(), errno);
  if (::fsync(temporary.descriptor()) != 0) return failed("sync", temporary.path(), errno);
  if (::link(temporary.path().c_str(), file.c_str()) != 0) {
    if (errno != EEXIST) return failed("create", file, errno);
    return fail(Code::kAlreadyExists,
                fmt::format("{} exists: a log's fingerprint key is never replaced", file.string()));
  }
  return sync_directory(file.parent_path());
}

Bytes16 FingerprintKey::fingerprint(const v1::Envelope& envelope) const {
  return blake2b_128(canonical_encoding(envelope), std::string_view(key_.data(), key_.size()));
}

Bytes16 FingerprintKey::check_value() const {
  return blake2b_128(kCheckText, std::string_view(key_.data(), key_.size()));
}

}  // namespace mnemo
