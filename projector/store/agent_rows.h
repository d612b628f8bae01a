// File: projector/store/agent_rows.h
// The rows that say which agents and memories there are: their keys and bytes, for the writer and for views alike.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "projector/store/keys.h"
#include "projector/store/rows.h"
#include "projector/store/view.h"

namespace mnemo {

std::string agent_row_key(std::string_view name_space, std::string_view agent_id);
std::string memory_row_key(AgentOrd ord, std::string_view memory_key);

// nullopt: no such agent in these rows.
Result<std::optional<AgentOrd>> read_agent_ord(const RowReader& rows, std::string_view name_space,
                                               std::string_view agent_id);
// How many documents it has in these rows, dead ones included.
Result<uint32_t> count_documents(const RowReader& rows, AgentOrd ord);
// Both.
Result<std::optional<AgentRef>> read_agent(const RowReader& rows, std::string_view name_space,
                                           std::string_view agent_id);

// A memory row: live, with its current document; or the tombstone, which keeps what a repeated key is answered with.
struct MemoryRowValue {
  MemoryRow row;
  Bytes16 created_event_id{};  // tombstones only
  std::string fingerprint;     // tombstones only; 16 bytes or empty
  std::string target;          // aliases only: the memory's own key
};
void encode_memory_row(const MemoryRowValue& value, std::string& out);
Status decode_memory_row(std::string_view bytes, MemoryRowValue& out);

}  // namespace mnemo
