// File: projector/store/memory_id.h
// The id of a memory, as clients see it and as rows hold it.
//
// Three sources, one text each, so that text and bytes map one to one:
//   the caller's own            text as given              0x00 text
//   hash of (namespace, agent,
//     idempotency key)          "m-" + 32 hex digits       0x01 16 bytes
//   the event id                "e-" + 32 hex digits       0x02 16 bytes
#pragma once

#include <string>
#include <string_view>

#include "events/ids.h"

namespace mnemo {

// Row bytes of an id.
using MemoryKey = std::string;

MemoryKey memory_key_from_text(std::string_view text);
MemoryKey memory_key_from_idempotency_key(std::string_view name_space, std::string_view agent_id,
                                          std::string_view idempotency_key);
MemoryKey memory_key_from_event_id(const Bytes16& event_id);

std::string memory_id_text(std::string_view memory_key);

// True when no client chose it: such an id is not part of the `content` digest.
inline bool is_server_made(std::string_view memory_key) { return !memory_key.empty() && memory_key[0] == 2; }

}  // namespace mnemo
