#include "events/validate_fields.h"

#include <fmt/format.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>

#include "events/coding.h"
#include "events/envelope.h"

namespace mnemo::validation {
namespace {

// Unicode's category Cc: U+0000 to U+001F, U+007F to U+009F.
bool has_control_character(std::string_view utf8) {
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<uint8_t>(utf8[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && static_cast<uint8_t>(utf8[i + 1]) < 0xa0) return true;
  }
  return false;
}

bool is_identifier_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == ':' || c == '-';
}

bool all_finite(std::string_view values_f32_le) {
  constexpr uint32_t kExponent = 0x7f800000;
  for (size_t at = 0; at < values_f32_le.size(); at += 4) {
    if ((get_le32(values_f32_le.data() + at) & kExponent) == kExponent) return false;
  }
  return true;
}

bool is_finite(double value) { return value - value == 0; }

Status check_metadata_value(const v1::MetadataEntry& entry, int index, const v1::Limits& limits) {
  const Field field{"memory", "metadata", index};
  switch (entry.value_case()) {
    case v1::MetadataEntry::kText: return check_text(field, entry.text(), limits.metadata_value_bytes());
    case v1::MetadataEntry::kNumber:
      if (is_finite(entry.number())) return {};
      return invalid(field, fmt::format("('{}') is not a finite number: leave it out", entry.key()));
    case v1::MetadataEntry::kFlag: return {};
    case v1::MetadataEntry::VALUE_NOT_SET: break;
  }
  return invalid(field, fmt::format("('{}') has no value: set text, number or flag", entry.key()));
}

}  // namespace

tl::unexpected<Error> invalid(const Field& field, const std::string& what) {
  const std::string index = field.index < 0 ? "" : fmt::format("[{}]", field.index);
  return fail(Code::kInvalidArgument, fmt::format("{} '{}{}' {}", field.of, field.name, index, what));
}

Status check_bytes(const Field& field, size_t bytes, size_t limit) {
  if (bytes <= limit) return {};
  return invalid(field, fmt::format("is {} bytes, the limit is {}: shorten it", bytes, limit));
}

Status check_count(const Field& field, size_t items, size_t limit) {
  if (items <= limit) return {};
  return invalid(field, fmt::format("has {} items, the limit is {}: send fewer", items, limit));
}

Status check_utf8(const Field& field, std::string_view value) {
  if (is_utf8(value)) return {};
  return invalid(field, "is not UTF-8: convert it before sending");
}

Status check_label(const Field& field, std::string_view value, size_t limit) {
  if (value.empty()) return {};
  MNEMO_TRY(check_bytes(field, value.size(), limit));
  MNEMO_TRY(check_utf8(field, value));
  if (!has_control_character(value)) return {};
  return invalid(field, "holds a control character: remove it");
}

Status check_id(const Field& field, std::string_view value, size_t limit) {
  if (value.empty()) return invalid(field, "is missing: set it");
  return check_label(field, value, limit);
}

Status check_identifier(const Field& field, std::string_view value) {
  if (value.empty()) return invalid(field, "is empty: set it");
  MNEMO_TRY(check_bytes(field, value.size(), kIdentifierBytesMax));
  if (std::all_of(value.begin(), value.end(), is_identifier_byte)) return {};
  return invalid(field, "is no identifier: use letters, digits and _ . : - only");
}

Status check_16_bytes(const Field& field, std::string_view value) {
  if (value.size() == 16) return {};
  return invalid(field, fmt::format("is {} bytes, it must be 16", value.size()));
}

Status check_time(const Field& field, TimestampMs time_ms) {
  if (time_ms >= kTimeMinMs && time_ms <= kTimeMaxMs) return {};
  return invalid(field, fmt::format("is {}, outside the years 0001 to 9999: give milliseconds since 1970", time_ms));
}

Status check_range(const Field& field, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return {};
  return invalid(field, fmt::format("is {}, it must be {} to {}", value, least, most));
}

Status check_text(const Field& field, const v1::Text& text, size_t limit) {
  MNEMO_TRY(check_no_unknown(field.of, text));
  switch (text.form_case()) {
    case v1::Text::kPlain:
      MNEMO_TRY(check_bytes(field, text.plain().size(), limit));
      return check_utf8(field, text.plain());
    case v1::Text::kSealed:
      return invalid(field, "is sealed: encryption at rest is reserved, no build reads it yet; send 'plain'");
    case v1::Text::FORM_NOT_SET: break;
  }
  return invalid(field, "has no form: set 'plain'");
}

Status unknown_field(std::string_view of, const google::protobuf::Message& message) {
  const auto& unknown = message.GetReflection()->GetUnknownFields(message);
  return fail(Code::kInvalidArgument,
              fmt::format("{} ({}) has field number {}, which schema version {} does not know: leave it out", of,
                          message.GetDescriptor()->name(), unknown.field(0).number(), kSchemaVersion));
}

Status check_metadata(const google::protobuf::RepeatedPtrField<v1::MetadataEntry>& entries, const v1::Limits& limits) {
  MNEMO_TRY(check_count({"memory", "metadata"}, static_cast<size_t>(entries.size()), limits.metadata_entries()));
  const auto repeats = [&entries](int i) {
    const auto same = [&](const v1::MetadataEntry& before) { return before.key() == entries[i].key(); };
    return std::any_of(entries.begin(), entries.begin() + i, same);
  };
  for (int i = 0; i < entries.size(); ++i) {
    const v1::MetadataEntry& entry = entries[i];
    MNEMO_TRY(check_no_unknown("memory 'metadata'", entry));
    MNEMO_TRY(check_id({"memory", "metadata key", i}, entry.key(), limits.metadata_key_bytes()));
    MNEMO_TRY(check_metadata_value(entry, i, limits));
    if (!repeats(i)) continue;
    return invalid({"memory", "metadata", i}, fmt::format("repeats the key '{}': send each key once", entry.key()));
  }
  return {};
}

Status check_tags(const google::protobuf::RepeatedPtrField<std::string>& tags, const v1::Limits& limits) {
  MNEMO_TRY(check_count({"memory", "tags"}, static_cast<size_t>(tags.size()), limits.tags()));
  for (int i = 0; i < tags.size(); ++i) MNEMO_TRY(check_id({"memory", "tags", i}, tags[i], limits.tag_bytes()));
  return {};
}

Status check_embedding(const v1::Embedding& embedding, const v1::Limits& limits) {
  // As most clients know them; an event has them as bytes.
  const auto invalid_values = [](const std::string& what) {
    return fail(Code::kInvalidArgument, "'embedding.values' " + what);
  };
  MNEMO_TRY(check_no_unknown("embedding", embedding));
  MNEMO_TRY(check_id({"embedding", "model"}, embedding.model(), limits.id_bytes()));
  const std::string& values = embedding.values_f32_le();
  if (values.empty()) return invalid_values("is empty: give a number for each dimension");
  if (values.size() % 4 != 0) {
    return invalid_values(fmt::format("is {} bytes: it must be 4 for each dimension", values.size()));
  }
  if (values.size() / 4 > limits.embedding_dimensions()) {
    return invalid_values(fmt::format("has {} dimensions, the limit is {}: send a shorter vector", values.size() / 4,
                                      limits.embedding_dimensions()));
  }
  if (all_finite(values)) return {};
  return invalid_values("holds a value that is not finite: send none");
}

}  // namespace mnemo::validation
