// File: server/memory_options.h
// The fields of a memory as options of remember and update, by the names that HTTP has for them.
#pragma once

#include <string>
#include <vector>

#include "server/cli.h"

namespace mnemo {

struct MemoryOptions {
  std::string session;
  std::string speaker;
  std::string memory_class;
  std::string kind;
  std::string tier;
  std::vector<std::string> tags;
  std::string metadata;  // JSON
  std::string content;   // JSON
  std::string source;
  std::string observed_at;
  std::string expires_at;
  std::string importance;
  bool pinned = false;
};

void add_memory_options(CLI::App* command, MemoryOptions& o);
// Those that are given, as HTTP takes them; INVALID_ARGUMENT names the option.
Result<Json> json_of(const MemoryOptions& o);

// What an update may empty, and how it says so.
const std::vector<std::string>& clearable_fields();
// INVALID_ARGUMENT: the field is given a value as well.
Status clear_field(const std::string& field, Json& fields);

}  // namespace mnemo
