// File: server/json_line.h
// Lines of an export, which import takes. Beside memories (json_memory.h):
//
//   {"namespace": N, "agent_id": A, "link": {"from": ID, "type": T, "to": ID}}
//   {"namespace": N, "agent_id": A, "attach": {"id": ID, "version"?: V, "embedding": {"model": M, "values": [..]}}}
//
// A line acts on what the lines before it made: a link comes after both of its memories.
#pragma once

#include <string>
#include <string_view>

#include "events/envelope.h"
#include "server/json_memory.h"

namespace mnemo {

// A line of any kind as an envelope; INVALID_ARGUMENT names the field that is wrong.
Result<v1::Envelope> envelope_from_line(const Json& line, std::string_view default_namespace);

Json link_line(const Scope& scope, std::string_view from, std::string_view type, std::string_view to);
Json attach_line(const Scope& scope, std::string_view id, Json embedding);

}  // namespace mnemo
