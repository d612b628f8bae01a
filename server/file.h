// File: server/file.h
// Files that a person names.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "events/result.h"

namespace mnemo {

// Open for reading. NOT_FOUND, or INVALID_ARGUMENT for a directory; the message names the file and what is wrong.
Result<std::ifstream> open_file(const std::string& path);

// Whether `path` is `dir` or lies in it, however the two are written and whatever links lead there.
bool is_inside(const std::filesystem::path& path, const std::filesystem::path& dir);

}  // namespace mnemo
