#include "server/json/fields.h"

#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <limits>

#include "events/clock.h"

namespace mnemo {
namespace {

using google::protobuf::EnumDescriptor;

tl::unexpected<Error> must_be(std::string_view field, std::string_view what) {
  return fail(Code::kInvalidArgument, fmt::format("'{}' must be {}", field, what));
}

// Without what all names of the enum begin with.
std::string short_name(const EnumDescriptor& type, int index) {
  const size_t prefix = type.value(0)->name().size() - std::string_view("UNSPECIFIED").size();
  std::string name = type.value(index)->name().substr(prefix);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

std::string names_of(const EnumDescriptor& type) {
  std::string names;
  for (int i = 1; i < type.value_count(); ++i) {
    const std::string_view between = i == 1 ? "" : i + 1 == type.value_count() ? " or " : ", ";
    names += fmt::format("{}{}", between, short_name(type, i));
  }
  return names;
}

}  // namespace

Result<std::string> read_text(const Json& value, std::string_view field) {
  if (value.is_string()) return value.get<std::string>();
  return must_be(field, "a string");
}

Result<TimestampMs> read_time(const Json& value, std::string_view field) {
  MNEMO_ASSIGN(const std::string text, read_text(value, field));
  const Result<TimestampMs> time = parse_rfc3339(text);
  if (time) return *time;
  return must_be(field, fmt::format("a time such as 2026-03-02T08:00:00Z: {}", time.error().message));
}

Result<bool> read_flag(const Json& value, std::string_view field) {
  if (value.is_boolean()) return value.get<bool>();
  return must_be(field, "true or false");
}

Result<float> read_float(const Json& value, std::string_view field) {
  if (!value.is_number()) return must_be(field, "a number");
  const auto number = value.get<double>();
  if (std::abs(number) <= std::numeric_limits<float>::max()) return static_cast<float>(number);
  return fail(Code::kInvalidArgument, fmt::format("'{}' is {}, which single precision cannot hold", field, number));
}

Result<double> exact_number(const Json& value, std::string_view field) {
  bool exact = true;
  if (value.is_number_unsigned()) {
    exact = value.get<uint64_t>() <= static_cast<uint64_t>(kExactIntegerMax);
  } else if (value.is_number_integer()) {
    exact = value.get<int64_t>() <= kExactIntegerMax && value.get<int64_t>() >= -kExactIntegerMax;
  }
  if (exact) return value.get<double>();
  return fail(Code::kInvalidArgument,
              fmt::format("'{}' is {}: whole numbers are kept exactly up to {} only, give it as a string", field,
                          value.dump(), kExactIntegerMax));
}

Result<Scalar> read_scalar(const Json& value, std::string_view field) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>();
  if (!value.is_number()) return must_be(field, "a string, a number or true or false");
  MNEMO_ASSIGN(const double number, exact_number(value, field));
  return number;
}

Json number_json(double number) {
  const bool whole = std::trunc(number) == number && std::abs(number) <= static_cast<double>(kExactIntegerMax);
  const bool minus_zero = number == 0 && std::signbit(number);
  if (whole && !minus_zero) return static_cast<int64_t>(number);
  return number;
}

Result<int> read_enum(const Json& value, const EnumDescriptor& type, std::string_view field) {
  if (value.is_string()) {
    const std::string& name = value.get_ref<const std::string&>();
    for (int i = 1; i < type.value_count(); ++i) {
      if (name == short_name(type, i)) return type.value(i)->number();
    }
  }
  return must_be(field, names_of(type));
}

std::string enum_name(const EnumDescriptor& type, int number) {
  for (int i = 1; i < type.value_count(); ++i) {
    if (type.value(i)->number() == number) return short_name(type, i);
  }
  return short_name(type, 1);
}

}  // namespace mnemo
