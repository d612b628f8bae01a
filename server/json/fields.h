// File: server/json/fields.h
// Single fields of JSON, read and checked. `field` is what a message calls the field: INVALID_ARGUMENT names it.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>
#include <variant>

#include "events/ids.h"
#include "events/result.h"
#include "server/json/parse.h"

namespace mnemo {

// Beyond it, not every whole number is a double.
inline constexpr int64_t kExactIntegerMax = int64_t{1} << 53;

Result<std::string> read_text(const Json& value, std::string_view field);
Result<TimestampMs> read_time(const Json& value, std::string_view field);
Result<bool> read_flag(const Json& value, std::string_view field);
// Any number that a float holds; it becomes the nearest one.
Result<float> read_float(const Json& value, std::string_view field);
// `value` is a number. Refuses a whole one so large that a double may not hold it.
Result<double> exact_number(const Json& value, std::string_view field);

// A value of metadata.
using Scalar = std::variant<std::string, double, bool>;
Result<Scalar> read_scalar(const Json& value, std::string_view field);
// A double that is a whole number prints without a fraction; read again, it is the same double.
Json number_json(double number);

// A value of an enum by its short name: MEMORY_CLASS_EPISODIC is "episodic". The unspecified one has no name.
Result<int> read_enum(const Json& value, const google::protobuf::EnumDescriptor& type, std::string_view field);
// The other way; the unspecified value prints as the first one, which is what it means.
std::string enum_name(const google::protobuf::EnumDescriptor& type, int number);

}  // namespace mnemo
