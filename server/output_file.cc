#include "server/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "events/files.h"

namespace mnemo {
namespace {

namespace fs = std::filesystem;

Status sync_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  return synced ? Status{} : fail(file_error(path, "sync", error));
}

}  // namespace

Result<std::unique_ptr<OutputFile>> OutputFile::make(const std::string& path) {
  std::error_code error;
  const fs::file_status there = fs::status(path, error);
  if (fs::is_directory(there)) {
    return fail(Code::kInvalidArgument, fmt::format("{} is a directory: name a file in it", path));
  }
  std::unique_ptr<OutputFile> out(new OutputFile());
  out->path_ = fs::is_regular_file(there) ? fs::canonical(path, error).string() : path;
  if (fs::is_regular_file(there) || !fs::exists(there)) MNEMO_TRY(out->make_part());
  errno = 0;
  out->stream_.open(out->part_.empty() ? path : out->part_, std::ios::binary | std::ios::trunc);
  if (!out->stream_) return fail(file_error(path, "write", errno));
  return out;
}

// What another file of this name holds is never written over; what this one will replace keeps its mode.
Status OutputFile::make_part() {
  const std::string part = fmt::format("{}.part-{}", path_, ::getpid());
  const int file = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file < 0) return fail(file_error(part, "make", errno));
  ::close(file);
  part_ = part;
  std::error_code ignored;
  const fs::file_status old = fs::status(path_, ignored);
  if (fs::exists(old)) fs::permissions(part_, old.permissions(), ignored);
  return {};
}

OutputFile::~OutputFile() {
  if (!part_.empty()) ::unlink(part_.c_str());
}

Status OutputFile::put_in_place() {
  errno = 0;
  stream_.close();
  if (!stream_) return fail(file_error(path_, "write", errno));
  if (part_.empty()) return {};
  MNEMO_TRY(sync_file(part_));
  if (::rename(part_.c_str(), path_.c_str()) != 0) return fail(file_error(path_, "write", errno));
  part_.clear();
  const fs::path dir = fs::path(path_).parent_path();
  return sync_directory(system_file_calls(), dir.empty() ? fs::path(".") : dir);
}

}  // namespace mnemo
