// File: server/file.h
// Files that a person names.
#pragma once

#include <filesystem>
#include <istream>
#include <memory>
#include <string>
#include <string_view>

#include "events/result.h"

namespace mnemo {

// Stands for standard input or output where a file is named.
inline constexpr std::string_view kStandardFile = "-";

// Open for reading; standard input for "-". NOT_FOUND, or INVALID_ARGUMENT for a directory; the message names the file
// and what is wrong.
Result<std::unique_ptr<std::istream>> open_file(const std::string& path);

// Whether `path` is `dir` or lies in it, however the two are written and whatever links lead there.
bool is_inside(const std::filesystem::path& path, const std::filesystem::path& dir);

}  // namespace mnemo
