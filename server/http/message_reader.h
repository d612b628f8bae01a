// File: server/http/message_reader.h
// What an HTTP request says as a message of events/proto/mnemo/v1/service.proto, whichever it is:
//
//   v1::GetMemoryRequest request;
//   MessageReader reader(request);
//   reader.set("id", "a1");                        // from the path or the query
//   reader.read(parse_json(R"({"agentId": "a"})"));  // from the body
//
// Names are snake_case or camelCase. null is a field that is not given. A field that is given twice, in whatever form
// and place, one that the message does not have, and a value of another type or out of its range are INVALID_ARGUMENT,
// which names the field and where it stands. docs/api.md says what JSON means where it is no plain field: classes and
// tiers by name, RFC 3339 times, metadata, content, filters.
#pragma once

#include <google/protobuf/message.h>

#include <set>
#include <string_view>

#include "events/result.h"
#include "server/json/parse.h"

namespace mnemo {

class MessageReader {
 public:
  explicit MessageReader(google::protobuf::Message& message) : message_(message) {}

  // A field as text. One that is a list is given once for each of its items.
  Status set(std::string_view name, std::string_view text);
  Status read(const Json& object);

 private:
  google::protobuf::Message& message_;
  std::set<const google::protobuf::FieldDescriptor*> given_;
};

}  // namespace mnemo
