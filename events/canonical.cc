// The canonical encoding, version 1. docs/formats.md defines it for implementers in other languages; in short:
//
//   canonical = 0x01, varint(kind), bytes(namespace), bytes(agent_id), message(event)
//   message   = for each field that is set, in ascending order of field number: varint(number), type, value
//   type      = 's' string or bytes: bytes(value)      'u' unsigned integer or enum: varint
//               'i' signed integer: zigzag varint       'b' bool: one byte, 0 or 1
//               'd' double: its 8 bytes, big-endian     'm' message: bytes(message(value))
//               'l' repeated: type of its items, varint(count), values
//   bytes(x)  = varint(length), x
//
// Every piece tells where it ends, so two different requests never have one encoding. A field is set as proto3 means
// it: optional fields, messages and members of a oneof when they are present, others when they are not zero or empty.
// Repeated MetadataEntry is sorted by key, byte by byte; everything else stays as sent. The walk goes as deep as the
// message does: parsing and validation bound that.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <bit>
#include <vector>

#include "events/coding.h"
#include "events/envelope.h"
#include "events/fingerprint.h"

namespace mnemo {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kCanonicalVersion = 1;

char type_of(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64: return 'i';
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_ENUM: return 'u';
    case FieldDescriptor::CPPTYPE_BOOL: return 'b';
    case FieldDescriptor::CPPTYPE_DOUBLE: return 'd';
    case FieldDescriptor::CPPTYPE_STRING: return 's';
    case FieldDescriptor::CPPTYPE_MESSAGE: return 'm';
    case FieldDescriptor::CPPTYPE_FLOAT: break;  // the contract has none
  }
  MNEMO_CHECK(!"a field of a type that the canonical encoding does not define");
  return 0;
}

void put_message(std::string& out, const Message& message);

void put_nested(std::string& out, const Message& message) {
  std::string nested;
  put_message(nested, message);
  put_bytes(out, nested);
}

void put_value(std::string& out, const Message& message, const FieldDescriptor& field) {
  const auto& r = *message.GetReflection();
  std::string scratch;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: return put_varint(out, zigzag(r.GetInt32(message, &field)));
    case FieldDescriptor::CPPTYPE_INT64: return put_varint(out, zigzag(r.GetInt64(message, &field)));
    case FieldDescriptor::CPPTYPE_UINT32: return put_varint(out, r.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64: return put_varint(out, r.GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_ENUM: return put_varint(out, static_cast<uint32_t>(r.GetEnumValue(message, &field)));
    case FieldDescriptor::CPPTYPE_BOOL: return out.push_back(r.GetBool(message, &field) ? 1 : 0);
    case FieldDescriptor::CPPTYPE_DOUBLE: return put_be64(out, std::bit_cast<uint64_t>(r.GetDouble(message, &field)));
    case FieldDescriptor::CPPTYPE_STRING: return put_bytes(out, r.GetStringReference(message, &field, &scratch));
    case FieldDescriptor::CPPTYPE_MESSAGE: return put_nested(out, r.GetMessage(message, &field));
    case FieldDescriptor::CPPTYPE_FLOAT: break;  // refused by type_of()
  }
}

std::vector<const Message*> items_of(const Message& message, const FieldDescriptor& field) {
  const auto& r = *message.GetReflection();
  std::vector<const Message*> items;
  for (int i = 0; i < r.FieldSize(message, &field); ++i) items.push_back(&r.GetRepeatedMessage(message, &field, i));
  if (field.message_type() == v1::MetadataEntry::descriptor()) {
    const auto key = [](const Message* entry) -> const std::string& {
      return static_cast<const v1::MetadataEntry*>(entry)->key();
    };
    std::stable_sort(items.begin(), items.end(), [&key](auto* a, auto* b) { return key(a) < key(b); });
  }
  return items;
}

// The contract repeats messages, strings and enums, nothing else.
void put_list(std::string& out, const Message& message, const FieldDescriptor& field) {
  const auto& r = *message.GetReflection();
  const int size = r.FieldSize(message, &field);
  const char type = type_of(field);
  MNEMO_CHECK(type == 'm' || type == 's' || field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM);
  out.push_back(type);
  put_varint(out, static_cast<uint64_t>(size));
  if (type == 'm') {
    for (const Message* item : items_of(message, field)) put_nested(out, *item);
    return;
  }
  std::string scratch;
  for (int i = 0; i < size; ++i) {
    if (type == 's') {
      put_bytes(out, r.GetRepeatedStringReference(message, &field, i, &scratch));
    } else {
      put_varint(out, static_cast<uint32_t>(r.GetRepeatedEnumValue(message, &field, i)));
    }
  }
}

void put_message(std::string& out, const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);  // those that are set, in order of their numbers
  for (const FieldDescriptor* field : fields) {
    put_varint(out, static_cast<uint64_t>(field->number()));
    if (field->is_repeated()) {
      out.push_back('l');
      put_list(out, message, *field);
    } else {
      out.push_back(type_of(*field));
      put_value(out, message, *field);
    }
  }
}

}  // namespace

std::string canonical_encoding(const v1::Envelope& envelope) {
  const auto& reflection = *envelope.GetReflection();
  const FieldDescriptor* kind = reflection.GetOneofFieldDescriptor(envelope, envelope.GetDescriptor()->oneof_decl(0));
  std::string out(1, kCanonicalVersion);
  put_varint(out, static_cast<uint64_t>(kind_of(envelope)));
  put_bytes(out, envelope.namespace_());
  put_bytes(out, envelope.agent_id());
  if (kind != nullptr) put_message(out, reflection.GetMessage(envelope, kind));
  return out;
}

}  // namespace mnemo
