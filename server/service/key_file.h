// File: server/service/key_file.h
// The keys' file on disk: read whole, and one key added.
#pragma once

#include <filesystem>
#include <string>

#include "events/result.h"
#include "server/service/call.h"

namespace mnemo {

inline constexpr size_t kKeyFileBytesMax = 1 << 20;

// The file's bytes. NOT_FOUND; FAILED_PRECONDITION where others than its owner may read or write it; INVALID_ARGUMENT
// where it is no regular file or too large. Each names the file and says what to do.
Result<std::string> read_key_file(const std::filesystem::path& file);

// Makes a key for the principal and appends its line to the file, which is made (mode 0600) if it is not there. Returns
// the key, which is kept nowhere else, when its line is on disk. ALREADY_EXISTS for a name that the file has, and what
// read_key_file(), parse_key_lines() and check_key_principal() refuse. For one process at a time.
Result<std::string> add_key(const std::filesystem::path& file, Principal principal);

}  // namespace mnemo
