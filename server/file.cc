#include "server/file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace mnemo {

Result<std::ifstream> open_file(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return fail(Code::kInvalidArgument, fmt::format("{} is a directory: name a file in it", path));
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (file) return file;
  return fail(Code::kNotFound, fmt::format("cannot open {}: {}", path, std::strerror(errno)));
}

}  // namespace mnemo
