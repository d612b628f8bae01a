#include "query/cursor.h"

#include "events/coding.h"
#include "events/hash.h"

namespace mnemo {
namespace {

// doc4, then the 8 bytes of a hash of (listing, doc).
std::string cursor_bytes(uint64_t listing, uint32_t doc) {
  std::string hashed;
  put_be64(hashed, listing);
  put_be32(hashed, doc);
  std::string bytes;
  put_be32(bytes, doc);
  put_be64(bytes, xxh3_64(hashed));
  return bytes;
}

}  // namespace

uint64_t listing_hash(const Meta& meta, const Scope& scope, const std::optional<v1::Filter>& filter) {
  std::string bytes("list-1");
  bytes.append(reinterpret_cast<const char*>(meta.log_id.data()), meta.log_id.size());
  put_be32(bytes, meta.epoch);
  put_bytes(bytes, scope.name_space);
  put_bytes(bytes, scope.agent_id);
  // Filters have no maps: the same filter is the same bytes.
  if (filter) put_bytes(bytes, filter->SerializeAsString());
  return xxh3_64(bytes);
}

std::string make_cursor(uint64_t listing, uint32_t doc) { return to_hex(cursor_bytes(listing, doc)); }

Result<uint32_t> parse_cursor(uint64_t listing, std::string_view cursor) {
  const Result<std::string> bytes = from_hex(cursor);
  if (bytes && bytes->size() == 12) {
    const uint32_t doc = get_be32(bytes->data());
    if (*bytes == cursor_bytes(listing, doc)) return doc;
  }
  return fail(Code::kInvalidArgument,
              "cursor is not one that this listing returned: use next_cursor with the same namespace, agent and "
              "filter, or begin again without one");
}

}  // namespace mnemo
