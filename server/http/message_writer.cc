#include "server/http/message_writer.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <array>
#include <map>

#include "events/clock.h"
#include "mnemo/v1/service.pb.h"
#include "server/json/fields.h"

namespace mnemo {
namespace {

namespace pb = google::protobuf;
using pb::FieldDescriptor;
using pb::Message;

template <typename Type>
const FieldDescriptor* field_of(const char* name) {
  const FieldDescriptor* const field = Type::descriptor()->FindFieldByName(name);
  MNEMO_CHECK(field != nullptr);
  return field;
}

const FieldDescriptor* content_field() {
  static const FieldDescriptor* const field = field_of<v1::Memory>("content");
  return field;
}

// Where nothing is said by an empty value.
bool absent_when_empty(const FieldDescriptor& field) {
  static const std::array<const FieldDescriptor*, 7> fields = {field_of<v1::Memory>("session_id"),
                                                               field_of<v1::Memory>("speaker"),
                                                               content_field(),
                                                               field_of<v1::Memory>("source"),
                                                               field_of<v1::ErrorInfo>("retry_after_ms"),
                                                               field_of<v1::RetrieveResponse>("context"),
                                                               field_of<v1::RetrieveResponse::Result>("explain")};
  return std::ranges::find(fields, &field) != fields.end();
}

bool empty(const Message& message, const FieldDescriptor& field) {
  const pb::Reflection& reflection = *message.GetReflection();
  return field.is_repeated() ? reflection.FieldSize(message, &field) == 0 : !reflection.HasField(message, &field);
}

bool printed(const Message& message, const FieldDescriptor& field) {
  const bool may_be_absent = field.has_presence() || absent_when_empty(field);
  return !may_be_absent || !empty(message, field);
}

// In a JSON string, of the characters of ASCII.
bool stands_for_itself(char c) { return c >= ' ' && c < '\x7f' && c != '"' && c != '\\'; }

class Writer {
 public:
  void write(const Message& message) {
    if (write_by_meaning(message)) return;
    out_ += '{';
    const pb::Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (!printed(message, field)) continue;
      name(field.name());
      write_field(message, field);
    }
    out_ += '}';
  }
  std::string take() { return std::move(out_); }

 private:
  void comma() {
    if (out_.back() != '{' && out_.back() != '[') out_ += ',';
  }
  void name(const std::string& name) {
    comma();
    text(name);
    out_ += ':';
  }
  // Most texts stand in JSON as they are.
  void text(std::string_view value) {
    if (!std::ranges::all_of(value, stands_for_itself)) {
      out_ += json_text(Json(value));
      return;
    }
    out_ += '"';
    out_ += value;
    out_ += '"';
  }

  // Messages that are something else than an object of their fields.
  bool write_by_meaning(const Message& message) {
    const pb::Descriptor* const type = message.GetDescriptor();
    if (type == pb::Timestamp::descriptor()) {
      const auto& time = static_cast<const pb::Timestamp&>(message);
      text(to_rfc3339(pb::util::TimeUtil::TimestampToMilliseconds(time)));
      return true;
    }
    if (type == v1::MetadataValue::descriptor()) {
      write_metadata(static_cast<const v1::MetadataValue&>(message));
      return true;
    }
    if (type != v1::RememberBatchResponse::Result::descriptor()) return false;
    // In a batch a result is what a single request would have got.
    const auto& result = static_cast<const v1::RememberBatchResponse::Result&>(message);
    if (result.has_error()) return false;
    write(result.remembered());
    return true;
  }

  void write_metadata(const v1::MetadataValue& value) {
    switch (value.value_case()) {
      case v1::MetadataValue::kText: return text(value.text());
      case v1::MetadataValue::kNumber: out_ += number_json(value.number()).dump(); return;
      case v1::MetadataValue::kFlag: out_ += value.flag() ? "true" : "false"; return;
      case v1::MetadataValue::VALUE_NOT_SET: out_ += "null";
    }
  }

  void write_field(const Message& message, const FieldDescriptor& field) {
    if (field.is_map()) return write_map(message, field);
    if (!field.is_repeated()) return write_one(message, field, -1);
    out_ += '[';
    const int size = message.GetReflection()->FieldSize(message, &field);
    for (int i = 0; i < size; ++i) {
      comma();
      write_one(message, field, i);
    }
    out_ += ']';
  }

  // By name, since the order in a map is another in each process.
  void write_map(const Message& message, const FieldDescriptor& field) {
    const pb::Reflection& reflection = *message.GetReflection();
    std::map<std::string, const Message*> entries;
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      entries[entry.GetReflection()->GetString(entry, field.message_type()->map_key())] = &entry;
    }
    out_ += '{';
    for (const auto& [key, entry] : entries) {
      name(key);
      write_one(*entry, *field.message_type()->map_value(), -1);
    }
    out_ += '}';
  }

  // `index` is -1 where the field is no list.
  void write_one(const Message& m, const FieldDescriptor& f, int index) {
    const pb::Reflection& r = *m.GetReflection();
    const bool list = index >= 0;
    switch (f.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string holder;
        const std::string& value =
            list ? r.GetRepeatedStringReference(m, &f, index, &holder) : r.GetStringReference(m, &f, &holder);
        if (&f == content_field() && Json::accept(value)) {
          out_ += value;
        } else {
          text(value);
        }
        return;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return write(list ? r.GetRepeatedMessage(m, &f, index) : r.GetMessage(m, &f));
      case FieldDescriptor::CPPTYPE_ENUM: return text(enum_name(*f.enum_type(), r.GetEnumValue(m, &f)));
      case FieldDescriptor::CPPTYPE_BOOL: out_ += r.GetBool(m, &f) ? "true" : "false"; return;
      case FieldDescriptor::CPPTYPE_DOUBLE: out_ += number_json(r.GetDouble(m, &f)).dump(); return;
      case FieldDescriptor::CPPTYPE_FLOAT: out_ += number_json(r.GetRepeatedFloat(m, &f, index)).dump(); return;
      case FieldDescriptor::CPPTYPE_UINT32:
        out_ += fmt::format_int(list ? r.GetRepeatedUInt32(m, &f, index) : r.GetUInt32(m, &f)).c_str();
        return;
      case FieldDescriptor::CPPTYPE_INT32: out_ += fmt::format_int(r.GetInt32(m, &f)).c_str(); return;
      case FieldDescriptor::CPPTYPE_UINT64: out_ += fmt::format("\"{}\"", r.GetUInt64(m, &f)); return;
      case FieldDescriptor::CPPTYPE_INT64: out_ += fmt::format("\"{}\"", r.GetInt64(m, &f)); return;
    }
  }

  std::string out_;
};

}  // namespace

std::string json_of_message(const Message& message) {
  Writer writer;
  writer.write(message);
  return writer.take();
}

}  // namespace mnemo
