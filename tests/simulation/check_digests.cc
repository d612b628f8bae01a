#include <array>

#include "events/coding.h"
#include "events/hash.h"
#include "projector/store/agent_rows.h"
#include "projector/store/memory_id.h"
#include "projector/store/record_index.h"
#include "tests/simulation/check.h"

namespace mnemo::simulation {
namespace {

constexpr std::array kLogicalRows = {
    keys::Row::kAgent,     keys::Row::kAgentName,      keys::Row::kRecord,      keys::Row::kMemory,
    keys::Row::kKey,       keys::Row::kKeyWindow,      keys::Row::kExpiry,      keys::Row::kLink,
    keys::Row::kBacklink,  keys::Row::kVector,         keys::Row::kAccess,      keys::Row::kPolicy,
    keys::Row::kOperation, keys::Row::kOperationPlace, keys::Row::kOperationEnd};

std::string content_id(std::string_view memory_key) {
  return is_server_made(memory_key) ? std::string() : std::string(memory_key);
}

// What docs/formats.md says that the content digest sums up, from the rows.
class ContentSum {
 public:
  explicit ContentSum(const View& view) : view_(view) {}

  Result<Digest> run() {
    MNEMO_TRY(each(keys::Row::kAgentName, [this](std::string_view key, std::string_view value) {
      names_[get_be32(key.data() + 1)] = value;
      return Status();
    }));
    MNEMO_TRY(each(keys::Row::kRecord, [this](auto key, auto value) { return add_record(key, value); }));
    MNEMO_TRY(each(keys::Row::kMemory, [this](auto key, auto value) { return add_tombstone(key, value); }));
    MNEMO_TRY(each(keys::Row::kVector, [this](auto key, auto value) { return add_vector(key, value); }));
    MNEMO_TRY(each(keys::Row::kLink, [this](auto key, auto) { return add_link(key); }));
    return sum_;
  }

 private:
  template <typename Visit>
  Status each(keys::Row row, const Visit& visit) {
    Status status;
    const std::string from = keys::start(row);
    MNEMO_TRY(view_.scan(from, prefix_end(from), [&](std::string_view key, std::string_view value) {
      status = visit(key, value);
      return status.has_value();
    }));
    return status;
  }

  void add(char tag, std::string_view key, const std::string& bytes) {
    std::string all(1, tag);
    put_bytes(all, names_.at(get_be32(key.data() + 1)));
    sum_ += xxh3_128(all + bytes);
  }

  Status add_record(std::string_view key, std::string_view value) {
    Record record;
    MNEMO_TRY(decode_record(value, record));
    if (record.stub) return {};
    std::string bytes;
    encode_record_content(record, bytes);
    add('v', key, bytes);
    return {};
  }

  Status add_tombstone(std::string_view key, std::string_view value) {
    MemoryRowValue row;
    MNEMO_TRY(decode_memory_row(value, row));
    const bool tombstone = row.row.state == MemoryRow::State::kForgotten || row.row.state == MemoryRow::State::kExpired;
    if (!tombstone) return {};
    std::string bytes;
    put_bytes(bytes, content_id(key.substr(5)));
    add('t', key, bytes);
    return {};
  }

  Status add_vector(std::string_view key, std::string_view value) {
    std::string holder;
    Record record;
    MNEMO_TRY(view_.record(AgentOrd(get_be32(key.data() + 1)), get_be32(key.data() + 5), holder, record));
    std::string bytes;
    put_bytes(bytes, content_id(record.memory_key));
    put_varint(bytes, record.version);
    put_bytes(bytes, key.substr(9));
    add('e', key, bytes.append(value));
    return {};
  }

  Status add_link(std::string_view key) {
    Decoder in(key.substr(5));
    const std::string_view from = in.bytes();
    const std::string_view type = in.bytes();
    const std::string_view to = in.bytes();
    std::string bytes;
    put_bytes(bytes, content_id(from));
    put_bytes(bytes, content_id(to));
    put_bytes(bytes, type);
    add('l', key, bytes);
    return {};
  }

  const View& view_;
  std::map<uint32_t, std::string> names_;
  Digest sum_;
};

}  // namespace

Status check_digests(const View& view) {
  Digest state;
  for (const keys::Row row : kLogicalRows) {
    const std::string from = keys::start(row);
    MNEMO_TRY(view.scan(from, prefix_end(from), [&state](std::string_view key, std::string_view value) {
      std::string bytes;
      put_bytes(bytes, key);
      state += xxh3_128(bytes.append(value));
      return true;
    }));
  }
  if (state != view.meta().state) {
    return differs("the state digest is ", to_hex(view.meta().state), ", the rows sum up to ", to_hex(state));
  }
  MNEMO_ASSIGN(const Digest content, ContentSum(view).run());
  if (content == view.meta().content) return {};
  return differs("the content digest is ", to_hex(view.meta().content), ", the rows sum up to ", to_hex(content));
}

Status check_index(const View& view) {
  for (uint32_t ord = 0; ord < view.meta().next_ord; ++ord) {
    std::set<uint32_t> live;
    Status decoded;
    const std::string from = keys::of_agent(keys::Row::kMemory, AgentOrd(ord));
    MNEMO_TRY(view.scan(from, prefix_end(from), [&](std::string_view /*key*/, std::string_view value) {
      MemoryRowValue row;
      decoded = decode_memory_row(value, row);
      if (decoded && row.row.state == MemoryRow::State::kLive) live.insert(row.row.doc);
      return decoded.has_value();
    }));
    MNEMO_TRY(std::move(decoded));
    std::string key;
    std::string value;
    const std::string records = keys::of_agent(keys::Row::kRecord, AgentOrd(ord));
    MNEMO_ASSIGN(const bool any, view.last(records, prefix_end(records), key, value));
    const uint32_t docs = any ? get_be32(key.data() + records.size()) + 1 : 0;
    std::string difference;
    MNEMO_TRY(check_agent_index(
        view, load_from_records(), AgentOrd(ord), docs, [&live](DocNo doc) { return live.contains(doc.value); },
        view.meta().index.empty(), &difference));
    if (!difference.empty()) return differs("the index of agent number ", ord, ": ", difference);
  }
  return {};
}

}  // namespace mnemo::simulation
