#include "server/http/message_writer.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>
#include <vector>

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

// What there is to know of a type of message, looked up once: protobuf's own lookups take longer than the writing.
struct Plan {
  enum class Meaning { kFields, kTime, kMetadataValue, kBatchResult };
  struct Field {
    const FieldDescriptor* descriptor;
    std::string name;  // with quotes and colon
    bool may_be_absent;
  };

  Meaning meaning = Meaning::kFields;
  const pb::Reflection* reflection = nullptr;
  std::vector<Field> fields;
};
using Plans = std::unordered_map<const pb::Descriptor*, Plan>;

// Messages that are something else than an object of their fields.
Plan::Meaning meaning_of(const pb::Descriptor* type) {
  if (type == pb::Timestamp::descriptor()) return Plan::Meaning::kTime;
  if (type == v1::MetadataValue::descriptor()) return Plan::Meaning::kMetadataValue;
  if (type == v1::RememberBatchResponse::Result::descriptor()) return Plan::Meaning::kBatchResult;
  return Plan::Meaning::kFields;
}

void add_plans(const pb::Descriptor* type, Plans& plans) {
  const auto [at, added] = plans.try_emplace(type);
  if (!added) return;
  Plan& plan = at->second;  // stays where it is
  plan.meaning = meaning_of(type);
  plan.reflection = pb::MessageFactory::generated_factory()->GetPrototype(type)->GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* const field = type->field(i);
    plan.fields.push_back(
        {field, fmt::format("\"{}\":", field->name()), field->has_presence() || absent_when_empty(*field)});
    if (field->message_type() != nullptr) add_plans(field->message_type(), plans);
  }
}

Plans plans_of(const pb::FileDescriptor& file) {
  Plans plans;
  for (int i = 0; i < file.message_type_count(); ++i) add_plans(file.message_type(i), plans);
  return plans;
}

const Plan& plan_of(const Message& message) {
  static const Plans plans = plans_of(*v1::Memory::descriptor()->file());
  const auto at = plans.find(message.GetDescriptor());
  MNEMO_CHECK(at != plans.end());
  return at->second;
}

bool empty(const Message& message, const pb::Reflection& reflection, const FieldDescriptor& field) {
  return field.is_repeated() ? reflection.FieldSize(message, &field) == 0 : !reflection.HasField(message, &field);
}

// In a JSON string, of the characters of ASCII.
bool stands_for_itself(char c) { return c >= ' ' && c < '\x7f' && c != '"' && c != '\\'; }

class Writer {
 public:
  void write(const Message& message) {
    const Plan& plan = plan_of(message);
    switch (plan.meaning) {
      case Plan::Meaning::kFields: return write_fields(message, plan);
      case Plan::Meaning::kTime: return write_time(static_cast<const pb::Timestamp&>(message));
      case Plan::Meaning::kMetadataValue: return write_metadata(static_cast<const v1::MetadataValue&>(message));
      case Plan::Meaning::kBatchResult: break;
    }
    // In a batch a result is what a single request would have got.
    const auto& result = static_cast<const v1::RememberBatchResponse::Result&>(message);
    return result.has_error() ? write_fields(message, plan) : write(result.remembered());
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

  void write_fields(const Message& message, const Plan& plan) {
    out_ += '{';
    for (const Plan::Field& field : plan.fields) {
      if (field.may_be_absent && empty(message, *plan.reflection, *field.descriptor)) continue;
      comma();
      out_ += field.name;
      write_field(message, *plan.reflection, *field.descriptor);
    }
    out_ += '}';
  }

  void write_time(const pb::Timestamp& time) { text(to_rfc3339(pb::util::TimeUtil::TimestampToMilliseconds(time))); }

  void write_metadata(const v1::MetadataValue& value) {
    switch (value.value_case()) {
      case v1::MetadataValue::kText: return text(value.text());
      case v1::MetadataValue::kNumber: out_ += number_json(value.number()).dump(); return;
      case v1::MetadataValue::kFlag: out_ += value.flag() ? "true" : "false"; return;
      case v1::MetadataValue::VALUE_NOT_SET: out_ += "null";
    }
  }

  void write_field(const Message& message, const pb::Reflection& reflection, const FieldDescriptor& field) {
    if (field.is_map()) return write_map(message, reflection, field);
    if (!field.is_repeated()) return write_one(message, reflection, field, -1);
    out_ += '[';
    const int size = reflection.FieldSize(message, &field);
    for (int i = 0; i < size; ++i) {
      comma();
      write_one(message, reflection, field, i);
    }
    out_ += ']';
  }

  // By name, since the order in a map is another in each process.
  void write_map(const Message& message, const pb::Reflection& reflection, const FieldDescriptor& field) {
    std::map<std::string, const Message*> entries;
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      entries[entry.GetReflection()->GetString(entry, field.message_type()->map_key())] = &entry;
    }
    out_ += '{';
    for (const auto& [key, entry] : entries) {
      name(key);
      write_one(*entry, *entry->GetReflection(), *field.message_type()->map_value(), -1);
    }
    out_ += '}';
  }

  // `index` is -1 where the field is no list.
  void write_one(const Message& m, const pb::Reflection& r, const FieldDescriptor& f, int index) {
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
      case FieldDescriptor::CPPTYPE_UINT64: return text(fmt::format_int(r.GetUInt64(m, &f)).c_str());
      case FieldDescriptor::CPPTYPE_INT64: return text(fmt::format_int(r.GetInt64(m, &f)).c_str());
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
