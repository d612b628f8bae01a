#include "server/service/pem_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "events/files.h"

namespace mnemo {
namespace {

tl::unexpected<Error> unreadable(Code code, std::string_view option, const std::filesystem::path& file,
                                 std::string_view why) {
  return fail(code, fmt::format("cannot read {} '{}': {}", option, file.string(), why));
}

Result<std::string> read_open_file(int fd, std::string_view option, const std::filesystem::path& file) {
  struct stat found{};
  if (::fstat(fd, &found) != 0) return unreadable(Code::kInvalidArgument, option, file, std::strerror(errno));
  if (!S_ISREG(found.st_mode)) {
    return unreadable(Code::kInvalidArgument, option, file, "it is no regular file: name one that has the PEM text");
  }
  if (found.st_size == 0) return unreadable(Code::kInvalidArgument, option, file, "it is empty");
  if (static_cast<size_t>(found.st_size) > kPemBytesMax) {
    return unreadable(Code::kInvalidArgument, option, file,
                      fmt::format("it has {} bytes, more than the {} of a PEM file", found.st_size, kPemBytesMax));
  }
  std::string text(kPemBytesMax, '\0');
  MNEMO_TRY(read_whole(system_file_calls(), fd, file, 0, text));
  return text;
}

}  // namespace

Result<std::string> read_pem_file(std::string_view option, const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return unreadable(errno == ENOENT ? Code::kNotFound : Code::kInvalidArgument, option, file, std::strerror(errno));
  }
  Result<std::string> text = read_open_file(fd, option, file);
  ::close(fd);
  return text;
}

bool open_to_others(const std::filesystem::path& file) {
  struct stat found{};
  return ::stat(file.c_str(), &found) == 0 && (found.st_mode & (S_IRWXO | S_IWGRP)) != 0;
}

}  // namespace mnemo
