#include "projector/store/agent_rows.h"

#include "events/coding.h"

namespace mnemo {

std::string agent_row_key(std::string_view name_space, std::string_view agent_id) {
  std::string key = keys::start(keys::Row::kAgent);
  key.append(name_space).push_back(kKeySeparator);
  key.append(agent_id);
  return key;
}

std::string memory_row_key(AgentOrd ord, std::string_view memory_key) {
  return keys::of_agent(keys::Row::kMemory, ord).append(memory_key);
}

Result<std::optional<AgentOrd>> read_agent_ord(const RowReader& rows, std::string_view name_space,
                                               std::string_view agent_id) {
  std::string value;
  MNEMO_ASSIGN(const bool known, rows.get(agent_row_key(name_space, agent_id), value));
  if (!known) return std::nullopt;
  if (value.size() != 4) {
    return fail(Code::kDataLoss, "an agent row of a projection is damaged: rebuild the projection from the log");
  }
  return AgentOrd(get_be32(value.data()));
}

Result<uint32_t> count_documents(const RowReader& rows, AgentOrd ord) {
  const std::string from = keys::of_agent(keys::Row::kRecord, ord);
  std::string key;
  std::string value;
  MNEMO_ASSIGN(const bool any, rows.last(from, prefix_end(from), key, value));
  if (!any) return 0;
  Decoder number(std::string_view(key).substr(from.size()));
  const uint32_t last = number.be32();
  if (!number.done()) {
    return fail(Code::kDataLoss, "the last record row of agent number " + std::to_string(ord.value) +
                                     " has a damaged key: rebuild the projection from the log");
  }
  return last + 1;
}

Result<std::optional<AgentRef>> read_agent(const RowReader& rows, std::string_view name_space,
                                           std::string_view agent_id) {
  MNEMO_ASSIGN(const std::optional<AgentOrd> ord, read_agent_ord(rows, name_space, agent_id));
  if (!ord) return std::nullopt;
  MNEMO_ASSIGN(const uint32_t docs, count_documents(rows, *ord));
  return AgentRef{*ord, docs};
}

void encode_memory_row(const MemoryRowValue& value, std::string& out) {
  out.push_back(static_cast<char>(value.row.state));
  if (value.row.state == MemoryRow::State::kAlias) {
    put_bytes(out, value.target);
    return;
  }
  put_varint(out, value.row.doc);
  if (value.row.state == MemoryRow::State::kLive) return;
  out.append(reinterpret_cast<const char*>(value.created_event_id.data()), value.created_event_id.size());
  put_bytes(out, value.fingerprint);
}

Status decode_memory_row(std::string_view bytes, MemoryRowValue& out) {
  Decoder in(bytes);
  const uint8_t state = in.u8();
  out.row.state = static_cast<MemoryRow::State>(state);
  const bool alias = out.row.state == MemoryRow::State::kAlias;
  out.target = alias ? in.bytes() : std::string_view();
  out.row.doc = alias ? 0 : static_cast<uint32_t>(in.varint());
  out.fingerprint.clear();
  if (out.row.state != MemoryRow::State::kLive && !alias) {
    const std::string_view id = in.raw(out.created_event_id.size());
    if (id.size() == out.created_event_id.size()) std::memcpy(out.created_event_id.data(), id.data(), id.size());
    out.fingerprint = in.bytes();
  }
  if (state > static_cast<uint8_t>(MemoryRow::State::kAlias) || !in.done()) {
    return fail(Code::kDataLoss, "a memory row of a projection is damaged: rebuild the projection from the log");
  }
  return {};
}

}  // namespace mnemo
