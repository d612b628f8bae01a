// File: server/service/messages.h
// From what clients send to events, and from what reads find to what clients get.
//
// What only the rules in force can tell (lengths, characters, numbers of things) is left to Node::prepare. Refused
// here, INVALID_ARGUMENT with the field: what an event could not say.
#pragma once

#include <string_view>

#include "events/ids.h"
#include "events/result.h"
#include "mnemo/v1/event.pb.h"
#include "mnemo/v1/service.pb.h"
#include "query/engine.h"

namespace mnemo {

// Cut to milliseconds. INVALID_ARGUMENT beyond the years 0001 to 9999.
Result<TimestampMs> time_from(const google::protobuf::Timestamp& time, std::string_view field);
void set_time(TimestampMs time_ms, google::protobuf::Timestamp& out);

// The events, without scope, key and ids.
Result<v1::Remembered> remembered_from(v1::MemoryInput input);
Result<v1::Updated> updated_from(v1::UpdateMemoryRequest request);

v1::Memory message_from(Memory memory);
v1::RetrieveResponse message_from(Answer answer, bool explain);

}  // namespace mnemo
