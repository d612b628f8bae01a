// File: server/json_memory.h
// Memories as JSON: the form that the command line, imports and exports share. Every field is checked; an unknown one
// is an error that names it. json_line.h has the lines of an export that are no memories.
#pragma once

#include <string_view>

#include "events/envelope.h"
#include "events/result.h"
#include "projector/outcome.h"
#include "query/engine.h"
#include "server/json/parse.h"

namespace mnemo {

// {namespace, agent_id, text, ...} as an envelope with a Remembered; ids, times and fingerprint are not set.
// `default_namespace` stands where the object names none.
Result<v1::Envelope> remembered_from_json(const Json& memory, std::string_view default_namespace);

// What a person or a program reads of a memory.
Json json_from(const Memory& memory);
// What import takes: the fields that a client may send, the memory's id among them.
Json importable_json_from(const Memory& memory);
Json json_from(const Hit& hit, bool explain);
Json json_from(const Explain& explain);
Json json_from(const Error& error);

}  // namespace mnemo
