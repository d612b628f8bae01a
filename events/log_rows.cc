#include "events/log_rows.h"

#include <cstring>

#include "events/coding.h"
#include "events/hash.h"

namespace mnemo {
namespace {

constexpr uint8_t kRowVersion = 1;
constexpr size_t kChecksumBytes = 8;
constexpr size_t kBodyAt = 1 + kChecksumBytes;

uint64_t row_checksum(std::string_view at, std::string_view body) { return xxh3_64(at) ^ xxh3_64(body); }

}  // namespace

RowKey row_key(PartitionId partition, uint64_t offset) {
  RowKey key;
  for (size_t i = 0; i < 4; ++i) key[i] = static_cast<char>(partition.value >> (24 - 8 * i));
  for (size_t i = 0; i < 8; ++i) key[4 + i] = static_cast<char>(offset >> (56 - 8 * i));
  return key;
}

std::optional<RowKeyParts> parse_row_key(std::string_view bytes) {
  if (bytes.size() != kRowKeyBytes) return std::nullopt;
  // The length is checked above.
  const char* const at = bytes.data();  // NOLINT(bugprone-suspicious-stringview-data-usage)
  return RowKeyParts{PartitionId{get_be32(at)}, get_be64(at + 4)};
}

void encode_row(const RowKey& at, const Row& row, std::string& out) {
  out.clear();
  out.push_back(static_cast<char>(kRowVersion));
  out.append(kChecksumBytes, '\0');
  put_varint(out, zigzag(row.appended_at_ms));
  put_bytes(out, row.key);
  out.append(row.value);
  std::string checksum;
  put_le64(checksum, row_checksum(view(at), std::string_view(out).substr(kBodyAt)));
  std::memcpy(out.data() + 1, checksum.data(), kChecksumBytes);
}

std::optional<Row> decode_row(std::string_view at, std::string_view bytes) {
  if (bytes.size() < kBodyAt || static_cast<uint8_t>(bytes[0]) != kRowVersion) return std::nullopt;
  const std::string_view body = bytes.substr(kBodyAt);
  if (get_le64(bytes.data() + 1) != row_checksum(at, body)) return std::nullopt;
  Decoder decoder(body);
  Row row;
  row.appended_at_ms = decoder.zigzag64();
  row.key = decoder.bytes();
  row.value = decoder.raw(decoder.left());
  if (!decoder.ok()) return std::nullopt;
  return row;
}

RowKey identity_row_key() { return row_key(kLogMetaPartition, 0); }

std::string encode_identity(const LogIdentity& identity) {
  std::string out(identity.log_id.begin(), identity.log_id.end());
  put_be32(out, identity.epoch);
  put_be32(out, identity.partitions);
  return out;
}

std::optional<LogIdentity> decode_identity(std::string_view bytes) {
  Decoder decoder(bytes);
  LogIdentity identity;
  const std::string_view id = decoder.raw(identity.log_id.size());
  identity.epoch = decoder.be32();
  identity.partitions = decoder.be32();
  if (!decoder.done()) return std::nullopt;
  std::memcpy(identity.log_id.data(), id.data(), id.size());
  return identity;
}

}  // namespace mnemo
