#include "server/service/known_fields.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/unknown_field_set.h>

#include <string>
#include <vector>

#include "mnemo/v1/service.pb.h"

namespace mnemo {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// The way to a message from the request, printed only for a refusal.
struct Path {
  const Path* above = nullptr;
  const FieldDescriptor* field = nullptr;
  int index = -1;

  std::string text() const {
    if (field == nullptr) return "";
    const std::string own = index < 0 ? field->name() : fmt::format("{}[{}]", field->name(), index);
    const std::string before = above->text();
    return before.empty() ? own : before + "." + own;
  }
};

Status check_message(const Message& message, const Path& path);

Status check_enum(const Reflection& reflection, const Message& message, const Path& path) {
  const FieldDescriptor* const field = path.field;
  const int number = path.index < 0 ? reflection.GetEnumValue(message, field)
                                    : reflection.GetRepeatedEnumValue(message, field, path.index);
  if (field->enum_type()->FindValueByNumber(number) != nullptr) return {};
  return fail(Code::kInvalidArgument,
              fmt::format("'{}' is {}, which this server has no {} for: it may be older than the "
                          "client, so update it or send a value that it knows",
                          path.text(), number, field->enum_type()->name()));
}

// One field, or one element of a repeated one.
Status check_value(const Reflection& reflection, const Message& message, const Path& path) {
  if (path.field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) return check_enum(reflection, message, path);
  return check_message(path.index < 0 ? reflection.GetMessage(message, path.field)
                                      : reflection.GetRepeatedMessage(message, path.field, path.index),
                       path);
}

Status check_field(const Reflection& reflection, const Message& message, const FieldDescriptor* field,
                   const Path& above) {
  const auto type = field->cpp_type();
  if (type != FieldDescriptor::CPPTYPE_ENUM && type != FieldDescriptor::CPPTYPE_MESSAGE) return {};
  if (!field->is_repeated()) return check_value(reflection, message, {&above, field});
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    MNEMO_TRY(check_value(reflection, message, {&above, field, i}));
  }
  return {};
}

Status check_own_fields(const Message& message, const Path& path) {
  const Reflection& reflection = *message.GetReflection();
  if (const auto& unknown = reflection.GetUnknownFields(message); !unknown.empty()) {
    const std::string where = path.text();
    return fail(
        Code::kInvalidArgument,
        fmt::format("{} has a field number {}, which this server does not know: it may be older than the client, "
                    "so update it or leave the field out",
                    where.empty() ? "the " + message.GetDescriptor()->name() : "'" + where + "'",
                    unknown.field(0).number()));
  }
  return {};
}

Status check_message(const Message& message, const Path& path) {
  MNEMO_TRY(check_own_fields(message, path));
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) MNEMO_TRY(check_field(reflection, message, field, path));
  return {};
}

}  // namespace

Status check_known_fields(const Message& message) {
  const bool batch = message.GetDescriptor() == v1::RememberBatchRequest::descriptor();
  return batch ? check_own_fields(message, {}) : check_message(message, {});
}

}  // namespace mnemo
