#include "tests/log/fault_files.h"

#include <fcntl.h>

#include <cerrno>
#include <filesystem>

namespace mnemo {

FaultFiles::Open FaultFiles::at(int fd) {
  const std::lock_guard lock(mutex_);
  return open_[fd];
}

bool FaultFiles::fails(DiskCall call, const std::string& path, size_t bytes, bool* half) {
  errno = disk_.may(call, path, bytes, half);
  return errno != 0;
}

int FaultFiles::open(const char* path, int flags, mode_t mode) {
  const bool creates = (flags & O_CREAT) != 0;
  if (creates && fails(DiskCall::kCreate, path)) return -1;
  const int fd = FileCalls::open(path, flags, mode);
  if (fd < 0) return fd;
  {
    const std::lock_guard lock(mutex_);
    open_[fd] = {path, (flags & O_DIRECTORY) != 0};
  }
  if (creates) disk_.created(path);
  if (!creates && (flags & O_RDWR) != 0) disk_.opened_in_place(path);
  return fd;
}

ssize_t FaultFiles::read_at(int fd, void* out, size_t bytes, off_t offset) {
  return fails(DiskCall::kRead, at(fd).path) ? -1 : FileCalls::read_at(fd, out, bytes, offset);
}

ssize_t FaultFiles::write_at(int fd, const void* bytes, size_t count, off_t offset) {
  bool half = false;
  if (fails(DiskCall::kWrite, at(fd).path, count, &half)) return -1;
  return FileCalls::write_at(fd, bytes, half ? (count + 1) / 2 : count, offset);
}

template <typename Sync>
int FaultFiles::synced(int fd, Sync sync) {
  const Open file = at(fd);
  if (fails(file.directory ? DiskCall::kSyncDirectory : DiskCall::kSync, file.path)) return -1;
  if (sync() != 0) return -1;
  if (disk_.is_dead()) {
    errno = EIO;
    return -1;
  }
  if (file.directory) {
    disk_.directory_synced(file.path);
  } else {
    disk_.synced_in_place(file.path);
  }
  return 0;
}

int FaultFiles::sync(int fd) {
  return synced(fd, [&] { return FileCalls::sync(fd); });
}

int FaultFiles::sync_data(int fd) {
  return synced(fd, [&] { return FileCalls::sync_data(fd); });
}

int FaultFiles::make_directory(const char* path, mode_t mode) {
  if (fails(DiskCall::kMakeDirectory, path)) return -1;
  const int made = FileCalls::make_directory(path, mode);
  if (made == 0) disk_.directory_made(path);
  return made;
}

int FaultFiles::rename(const char* from, const char* to) {
  if (fails(DiskCall::kRename, to)) return -1;
  const int renamed = FileCalls::rename(from, to);
  if (renamed != 0) return renamed;
  if (std::filesystem::is_directory(to)) {
    disk_.directory_renamed(from, to);
  } else {
    disk_.renamed(from, to);
  }
  return 0;
}

}  // namespace mnemo
