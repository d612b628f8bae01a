// File: server/file.h
// Input files that a person names.
#pragma once

#include <fstream>
#include <string>

#include "events/result.h"

namespace mnemo {

// Open for reading. NOT_FOUND, or INVALID_ARGUMENT for a directory; the message names the file and what is wrong.
Result<std::ifstream> open_file(const std::string& path);

}  // namespace mnemo
