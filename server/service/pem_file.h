// File: server/service/pem_file.h
// Certificates and keys of the doors, as files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "events/result.h"

namespace mnemo {

inline constexpr size_t kPemBytesMax = 1 << 20;  // a certificate chain, or a key

// The file's text. Never waits for the other end of a pipe. NOT_FOUND; INVALID_ARGUMENT: no regular file, empty, too
// large, not readable. Each names `option` and the file.
Result<std::string> read_pem_file(std::string_view option, const std::filesystem::path& file);

// Whether others than its owner and its group may read the file, or others than its owner change it.
bool open_to_others(const std::filesystem::path& file);

}  // namespace mnemo
