// File: server/json_memory.h
// Memories as JSON: the form that the command line, imports and exports share. Every field is checked; an unknown one
// is an error that names it. json_line.h has the lines of an export that are no memories.
#pragma once

#include <string_view>

#include "events/envelope.h"
#include "events/result.h"
#include "query/engine.h"
#include "server/json/parse.h"

namespace mnemo {

// {namespace, agent_id, text, ...} as an envelope with a Remembered; ids, times and fingerprint are not set.
// `default_namespace` stands where the object names none.
Result<v1::Envelope> remembered_from_json(const Json& memory, std::string_view default_namespace);

// What import takes: the fields that a client may send, the memory's id among them. Content that is no JSON, as a
// producer of its own may have put it on the log, becomes a string that holds it: what is exported can be imported.
Json importable_json_from(const Memory& memory);
// As HTTP has them.
Json json_of(const google::protobuf::Message& message);
Json json_from(const Error& error);

}  // namespace mnemo
