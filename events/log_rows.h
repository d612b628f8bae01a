// File: events/log_rows.h
// The bytes of a record in the embedded log: row keys and row values. docs/formats.md has the layout.
//
// A row carries a checksum of its own over its key and its content, so that a wrong row is noticed by whoever reads it,
// whatever the storage below believes.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "events/ids.h"
#include "events/log.h"

namespace mnemo {

// Rows of the log itself, not of a partition; above every partition number.
inline constexpr PartitionId kLogMetaPartition{0xffffffff};
inline constexpr size_t kRowKeyBytes = 12;

using RowKey = std::array<char, kRowKeyBytes>;

// partition be32, offset be64: rows sort by partition, then offset.
RowKey row_key(PartitionId partition, uint64_t offset);
inline std::string_view view(const RowKey& key) { return {key.data(), key.size()}; }

struct RowKeyParts {
  PartitionId partition;
  uint64_t offset = 0;
};
// nullopt when it is not a row key.
std::optional<RowKeyParts> parse_row_key(std::string_view bytes);

struct Row {
  TimestampMs appended_at_ms = 0;
  std::string_view key;
  std::string_view value;
};

// Replaces `out` by the row's value.
void encode_row(const RowKey& at, const Row& row, std::string& out);
// nullopt when the bytes are not a row made for that key. The views point into `bytes`.
std::optional<Row> decode_row(std::string_view at, std::string_view bytes);

// The identity row: its key, and its content as the value of a row.
RowKey identity_row_key();
std::string encode_identity(const LogIdentity& identity);
std::optional<LogIdentity> decode_identity(std::string_view bytes);

}  // namespace mnemo
