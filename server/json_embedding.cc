#include "server/json_embedding.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "events/coding.h"
#include "server/json/fields.h"

namespace mnemo {
namespace {

using Float = std::numeric_limits<float>;

tl::unexpected<Error> invalid(std::string message) { return fail(Code::kInvalidArgument, std::move(message)); }

// Nine digits say which float it is, and are half as long as the double that holds it. Those of the largest float are
// a little more than it.
double in_nine_digits(float value) {
  const double digits = std::strtod(fmt::format("{:.9g}", value).c_str(), nullptr);
  constexpr double kMost = Float::max();
  return std::clamp(digits, -kMost, kMost);
}

}  // namespace

Result<v1::Embedding> embedding_from_json(const Json& embedding) {
  const bool shaped = embedding.is_object() && embedding.size() == 2 && embedding.contains("model") &&
                      embedding.contains("values") && embedding["model"].is_string() && embedding["values"].is_array();
  if (!shaped) return invalid("'embedding' must be {\"model\": name, \"values\": [numbers]}");
  v1::Embedding out;
  out.set_model(embedding["model"].get<std::string>());
  std::string& bytes = *out.mutable_values_f32_le();
  for (const Json& value : embedding["values"]) {
    MNEMO_ASSIGN(const float number, read_float(value, "embedding.values"));
    put_le32(bytes, std::bit_cast<uint32_t>(number));
  }
  return out;
}

Json embedding_json(const v1::EmbeddingInput& embedding) {
  Json values = Json::array();
  for (const float value : embedding.values()) values.push_back(in_nine_digits(value));
  return Json{{"model", embedding.model()}, {"values", std::move(values)}};
}

}  // namespace mnemo
