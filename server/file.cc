#include "server/file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

namespace mnemo {

Result<std::unique_ptr<std::istream>> open_file(const std::string& path) {
  if (path == kStandardFile) return std::make_unique<std::istream>(std::cin.rdbuf());
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return fail(Code::kInvalidArgument, fmt::format("{} is a directory: name a file in it", path));
  }
  errno = 0;
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (*file) return file;
  return fail(Code::kNotFound, fmt::format("cannot open {}: {}", path, std::strerror(errno)));
}

bool is_inside(const std::filesystem::path& path, const std::filesystem::path& dir) {
  std::error_code error;
  const auto resolved = [&error](const std::filesystem::path& given) {
    const std::filesystem::path at = std::filesystem::weakly_canonical(std::filesystem::absolute(given, error), error);
    return at.has_filename() ? at : at.parent_path();  // a slash at the end would count as a name that is empty
  };
  const std::filesystem::path inner = resolved(path);
  const std::filesystem::path outer = resolved(dir);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

}  // namespace mnemo
