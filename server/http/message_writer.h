// File: server/http/message_writer.h
// Messages of events/proto/mnemo/v1/service.proto as JSON text, by the rules of docs/api.md: names in snake_case, every
// field there but for those that say they may be absent, 64-bit numbers as strings, times by RFC 3339.
#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace mnemo {

// The same message gives the same bytes. A memory's content stands there as it is kept; where it is no JSON, as a
// producer of its own may have put it on the log, a string that holds it.
std::string json_of_message(const google::protobuf::Message& message);

}  // namespace mnemo
