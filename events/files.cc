#include "events/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace mnemo {

namespace fs = std::filesystem;

int FileCalls::open(const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); }
ssize_t FileCalls::read_at(int fd, void* out, size_t bytes, off_t offset) { return ::pread(fd, out, bytes, offset); }
ssize_t FileCalls::write_at(int fd, const void* bytes, size_t count, off_t offset) {
  return ::pwrite(fd, bytes, count, offset);
}
int FileCalls::sync(int fd) { return ::fsync(fd); }
int FileCalls::sync_data(int fd) { return ::fdatasync(fd); }
int FileCalls::make_directory(const char* path, mode_t mode) { return ::mkdir(path, mode); }
int FileCalls::rename(const char* from, const char* to) { return std::rename(from, to); }

FileCalls& system_file_calls() {
  static FileCalls calls;
  return calls;
}

Error file_error(const fs::path& file, std::string_view what, int error) {
  return {Code::kUnavailable,
          fmt::format("{}: cannot {}: {}{}", file.string(), what, std::strerror(error),
                      error == ENOSPC ? "; no space is left: free some and start again" : ""),
          true};
}

Status write_whole(FileCalls& calls, int fd, const fs::path& file, std::string_view bytes, off_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = calls.write_at(fd, bytes.data(), bytes.size(), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(file_error(file, "write", errno));
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += n;
  }
  return {};
}

Status read_whole(FileCalls& calls, int fd, const fs::path& file, off_t offset, std::string& out) {
  size_t got = 0;
  while (got < out.size()) {
    const ssize_t n = calls.read_at(fd, out.data() + got, out.size() - got, offset + static_cast<off_t>(got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(file_error(file, "read", errno));
    if (n == 0) break;
    got += static_cast<size_t>(n);
  }
  out.resize(got);
  return {};
}

Status sync_directory(FileCalls& calls, const fs::path& dir) {
  const int fd = calls.open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0) return fail(file_error(dir, "open", errno));
  const int synced = calls.sync(fd);
  const int error = errno;
  ::close(fd);
  if (synced != 0) return fail(file_error(dir, "sync", error));
  return {};
}

Status make_directories(FileCalls& calls, const fs::path& dir) {
  std::error_code error;
  if (dir.empty() || fs::is_directory(dir, error)) return {};
  const fs::path above = dir.has_filename() ? dir.parent_path() : dir.parent_path().parent_path();
  MNEMO_TRY(make_directories(calls, above));
  // One that somebody else made meanwhile may not be durable yet either.
  if (calls.make_directory(dir.c_str(), 0700) != 0 && errno != EEXIST) return fail(file_error(dir, "create", errno));
  return sync_directory(calls, above.empty() ? fs::path(".") : above);
}

}  // namespace mnemo
