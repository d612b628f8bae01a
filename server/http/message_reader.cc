#include "server/http/message_reader.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "mnemo/v1/service.pb.h"
#include "server/json/fields.h"
#include "server/json/filter.h"

namespace mnemo {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Given = std::set<const FieldDescriptor*>;

constexpr uint64_t kLimitMax = 1000;

tl::unexpected<Error> invalid(std::string message) { return fail(Code::kInvalidArgument, std::move(message)); }

// JSON has another way to say it: expires_at is null.
bool hidden(const FieldDescriptor& field) { return field.full_name() == "mnemo.v1.UpdateMemoryRequest.never_expires"; }

std::string names_of(const Descriptor& type) {
  std::string names;
  for (int i = 0; i < type.field_count(); ++i) {
    if (!hidden(*type.field(i))) names += (names.empty() ? "" : ", ") + type.field(i)->name();
  }
  return names;
}

std::string joined(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

Result<const FieldDescriptor*> field_of(const Descriptor& type, const std::string& name, const std::string& path) {
  const FieldDescriptor* field = type.FindFieldByName(name);
  if (field == nullptr) field = type.FindFieldByCamelcaseName(name);
  if (field != nullptr && !hidden(*field)) return field;
  return invalid(fmt::format("'{}' is no field: there are {}", joined(path, excerpt(name)), names_of(type)));
}

Status give_once(const FieldDescriptor& field, const std::string& path, Given& given) {
  if (given.insert(&field).second) return {};
  return invalid(fmt::format("'{}' is given twice: give it once", path));
}

// The least and the most that a field holds. A limit is checked here, since none and zero are one on the wire of gRPC.
std::pair<uint64_t, uint64_t> range_of(const FieldDescriptor& field) {
  if (field.name() == "limit") return {1, kLimitMax};
  const bool wide = field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
  return {0, wide ? std::numeric_limits<uint64_t>::max() : std::numeric_limits<uint32_t>::max()};
}

// A number, or its digits in a string.
Result<uint64_t> read_whole(const Json& value, const FieldDescriptor& field, const std::string& path) {
  const auto [least, most] = range_of(field);
  uint64_t number = 0;
  bool whole = false;
  if (value.is_number_unsigned()) {
    number = value.get<uint64_t>();
    whole = true;
  } else if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    whole = error == std::errc() && end == text.data() + text.size();
  }
  if (whole && number >= least && number <= most) return number;
  return invalid(fmt::format("'{}' must be a whole number from {} to {}", path, least, most));
}

Result<double> read_number(const Json& value, const std::string& path) {
  if (value.is_number()) return value.get<double>();
  return invalid(fmt::format("'{}' must be a number", path));
}

Status read_members(const Json& json, Message& out, const std::string& path, Given& given);

Status read_metadata(const Json& json, const std::string& path,
                     google::protobuf::Map<std::string, v1::MetadataValue>& out) {
  if (!json.is_object()) return invalid(fmt::format("'{}' must be an object", path));
  for (const auto& [key, value] : json.items()) {
    MNEMO_ASSIGN(Scalar scalar, read_scalar(value, joined(path, excerpt(key))));
    v1::MetadataValue& entry = out[key];
    if (auto* const text = std::get_if<std::string>(&scalar)) {
      entry.set_text(std::move(*text));
    } else if (const auto* const number = std::get_if<double>(&scalar)) {
      entry.set_number(*number);
    } else {
      entry.set_flag(std::get<bool>(scalar));
    }
  }
  return {};
}

Status read_tags(const Json& json, const std::string& path, v1::Tags& out) {
  if (!json.is_array()) return invalid(fmt::format("'{}' must be a list", path));
  for (size_t i = 0; i < json.size(); ++i) {
    MNEMO_ASSIGN(*out.add_values(), read_text(json[i], fmt::format("{}[{}]", path, i)));
  }
  return {};
}

Status read_filter(const Json& json, const std::string& path, v1::Filter& out) {
  Result<v1::Filter> filter = filter_from_json(json);
  if (!filter) return invalid(fmt::format("'{}' is wrong: {}", path, filter.error().message));
  out = std::move(*filter);
  return {};
}

Status read_message(const Json& json, Message& out, const std::string& path) {
  namespace pb = google::protobuf;
  if (auto* const time = pb::DynamicCastToGenerated<pb::Timestamp>(&out)) {
    MNEMO_ASSIGN(const TimestampMs time_ms, read_time(json, path));
    *time = pb::util::TimeUtil::MillisecondsToTimestamp(time_ms);
    return {};
  }
  if (auto* const filter = pb::DynamicCastToGenerated<v1::Filter>(&out)) return read_filter(json, path, *filter);
  if (auto* const tags = pb::DynamicCastToGenerated<v1::Tags>(&out)) return read_tags(json, path, *tags);
  if (auto* const patch = pb::DynamicCastToGenerated<v1::MetadataPatch>(&out)) {
    return read_metadata(json, path, *patch->mutable_entries());
  }
  Given given;
  return read_members(json, out, path, given);
}

// One value of the field: the field itself, or one more item where it is a list.
struct Target {
  Message& message;
  const FieldDescriptor& field;

  const google::protobuf::Reflection& reflection() const { return *message.GetReflection(); }
  bool list() const { return field.is_repeated(); }
  void put(std::string value) const {
    list() ? reflection().AddString(&message, &field, std::move(value))
           : reflection().SetString(&message, &field, std::move(value));
  }
  Message& mutable_message() const {
    return list() ? *reflection().AddMessage(&message, &field) : *reflection().MutableMessage(&message, &field);
  }
};

Status read_float_into(const Json& value, const Target& to, const std::string& path) {
  MNEMO_ASSIGN(const float number, read_float(value, path));
  MNEMO_CHECK(to.list());
  to.reflection().AddFloat(&to.message, &to.field, number);
  return {};
}

Status read_one(const Json& value, const Target& to, const std::string& path) {
  switch (to.field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      // What requests call `content` is any JSON value, kept as text.
      MNEMO_ASSIGN(std::string text, to.field.name() == "content" ? json_text(value) : read_text(value, path));
      to.put(std::move(text));
      return {};
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: return read_message(value, to.mutable_message(), path);
    case FieldDescriptor::CPPTYPE_FLOAT: return read_float_into(value, to, path);
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      MNEMO_ASSIGN(const double number, read_number(value, path));
      to.reflection().SetDouble(&to.message, &to.field, number);
      return {};
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      MNEMO_ASSIGN(const bool flag, read_flag(value, path));
      to.reflection().SetBool(&to.message, &to.field, flag);
      return {};
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      MNEMO_ASSIGN(const int number, read_enum(value, *to.field.enum_type(), path));
      to.reflection().SetEnumValue(&to.message, &to.field, number);
      return {};
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      MNEMO_ASSIGN(const uint64_t number, read_whole(value, to.field, path));
      to.reflection().SetUInt32(&to.message, &to.field, static_cast<uint32_t>(number));
      return {};
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      MNEMO_ASSIGN(const uint64_t number, read_whole(value, to.field, path));
      to.reflection().SetUInt64(&to.message, &to.field, number);
      return {};
    }
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64: break;  // no request has one
  }
  MNEMO_CHECK(false);
}

// null is as if the field were not there, but for what an update takes away with it.
void read_null(const Target& to) {
  auto* const update = google::protobuf::DynamicCastToGenerated<v1::UpdateMemoryRequest>(&to.message);
  if (update == nullptr) return;
  if (to.field.name() == "expires_at") update->set_never_expires(true);
  if (to.field.name() == "content") update->set_content("");
}

Status read_field(const Json& value, const Target& to, const std::string& path) {
  if (value.is_null()) {
    read_null(to);
    return {};
  }
  if (to.field.is_map()) {
    MNEMO_CHECK(to.field.containing_type() == v1::MemoryInput::descriptor());
    auto& memory = static_cast<v1::MemoryInput&>(to.message);
    return read_metadata(value, path, *memory.mutable_metadata());
  }
  if (!to.list()) return read_one(value, to, path);
  // One position is as good as a list of one.
  if (value.is_string() && to.field.name() == "min_position") return read_one(value, to, path);
  if (!value.is_array()) return invalid(fmt::format("'{}' must be a list", path));
  for (size_t i = 0; i < value.size(); ++i) MNEMO_TRY(read_one(value[i], to, fmt::format("{}[{}]", path, i)));
  return {};
}

Status read_members(const Json& json, Message& out, const std::string& path, Given& given) {
  if (!json.is_object())
    return invalid(path.empty() ? "the body must be a JSON object" : fmt::format("'{}' must be an object", path));
  for (const auto& [name, value] : json.items()) {
    MNEMO_ASSIGN(const FieldDescriptor* const field, field_of(*out.GetDescriptor(), name, path));
    const std::string at = joined(path, field->name());
    MNEMO_TRY(give_once(*field, at, given));
    MNEMO_TRY(read_field(value, {out, *field}, at));
  }
  return {};
}

// What the text of a path or a query is as JSON.
Result<Json> json_of(const FieldDescriptor& field, std::string_view text) {
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL && (text == "true" || text == "false")) return text == "true";
  if (field.message_type() == v1::Filter::descriptor()) {
    Result<Json> json = parse_json(text);
    if (!json) return invalid(fmt::format("'{}' is wrong: {}", field.name(), json.error().message));
    return json;
  }
  return Json(text);
}

}  // namespace

Status MessageReader::set(std::string_view name, std::string_view text) {
  MNEMO_ASSIGN(const FieldDescriptor* const field, field_of(*message_.GetDescriptor(), std::string(name), ""));
  const Target to{message_, *field};
  const bool again = to.list() && given_.contains(field);
  if (!again) MNEMO_TRY(give_once(*field, field->name(), given_));
  MNEMO_ASSIGN(const Json json, json_of(*field, text));
  return read_one(json, to, field->name());
}

Status MessageReader::read(const Json& object) { return read_members(object, message_, "", given_); }

}  // namespace mnemo
