// File: server/service/key_lines.h
// The keys' file as text: what its lines say, and the hash that stands in them. auth.h says what a line is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "events/result.h"
#include "server/service/call.h"

namespace mnemo {

inline constexpr size_t kKeysMax = 1000;               // in one file
inline constexpr size_t kPrincipalNameBytesMax = 256;  // an actor's, of schema version 1

// A line of the file.
struct KeyEntry {
  Principal principal;
  std::string hash;  // 32 bytes: key_hash() of the key
};

// BLAKE2b of the key's text as it is sent.
std::string key_hash(std::string_view key);

// Whether a principal can stand in a file. INVALID_ARGUMENT names the field.
Status check_key_principal(const Principal& principal);

// The text of an entry, with its newline.
std::string key_line(const KeyEntry& entry);

// All entries of a file's text. INVALID_ARGUMENT names the line and what is wrong with it.
Result<std::vector<KeyEntry>> parse_key_lines(std::string_view text);

}  // namespace mnemo
