// File: events/validate_fields.h
// The checks that validation is made of, one a field. Private to events/: everyone else calls validate().
//
// Every check returns INVALID_ARGUMENT with a message that names the field, says what is wrong, and what to do. All are
// pure functions of their arguments: what is valid at a schema version stays valid in every later build, so nothing
// here may ask a generated enum or a library what it knows today.
#pragma once

#include <google/protobuf/unknown_field_set.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "events/clock.h"
#include "events/result.h"
#include "mnemo/v1/event.pb.h"

namespace mnemo::validation {

// How a message names a field: memory 'text', memory 'tags[3]'.
struct Field {
  std::string_view of;
  std::string_view name;
  int index = -1;  // of a repeated field
};

tl::unexpected<Error> invalid(const Field& field, const std::string& what);

Status check_bytes(const Field& field, size_t bytes, size_t limit);
Status check_count(const Field& field, size_t items, size_t limit);
Status check_utf8(const Field& field, std::string_view value);
// UTF-8 without control characters, within the limit; may be empty.
Status check_label(const Field& field, std::string_view value, size_t limit);
// A label that is not empty.
Status check_id(const Field& field, std::string_view value, size_t limit);
// 1 to 64 bytes of [A-Za-z0-9_.:-].
Status check_identifier(const Field& field, std::string_view value);
Status check_16_bytes(const Field& field, std::string_view value);
// Within the years 0001 to 9999.
Status check_time(const Field& field, TimestampMs time_ms);
Status check_range(const Field& field, int64_t value, int64_t least, int64_t most);
// `plain`, UTF-8, within the limit; `sealed` is refused by name.
Status check_text(const Field& field, const v1::Text& text, size_t limit);
// A field that this schema version does not have would be ignored by one build and obeyed by the next.
Status unknown_field(std::string_view of, const google::protobuf::Message& message);
template <typename Message>
Status check_no_unknown(std::string_view of, const Message& message) {
  static const google::protobuf::Reflection* const reflection =
      Message::GetReflection();  // asked once: it takes a while
  if (reflection->GetUnknownFields(message).empty()) [[likely]]
    return {};
  return unknown_field(of, message);
}

Status check_metadata(const google::protobuf::RepeatedPtrField<v1::MetadataEntry>& entries, const v1::Limits& limits);
Status check_tags(const google::protobuf::RepeatedPtrField<std::string>& tags, const v1::Limits& limits);
Status check_embedding(const v1::Embedding& embedding, const v1::Limits& limits);

// Every constant within its bounds; what next_rules() adds is the comparison with the rules before.
Status check_constants(const v1::RulesActivated& event);

}  // namespace mnemo::validation
