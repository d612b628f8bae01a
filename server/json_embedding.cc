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

constexpr int kQuantumMax = 127;
using Float = std::numeric_limits<float>;

tl::unexpected<Error> invalid(std::string message) { return fail(Code::kInvalidArgument, std::move(message)); }

// What one byte of a vector stands for. Nothing but zero comes back as less than the least normal number, which would
// count as zero: where rounding would make that, the least normal number stands for the same byte.
double dequantized(int8_t quantum, float largest) {
  if (quantum == 0) return 0;
  const double exact = std::abs(quantum) * static_cast<double>(largest) / kQuantumMax;
  const float value = std::max(static_cast<float>(exact), Float::min());
  // Nine digits say which float it is, and are half as long as the double that holds it. Those of the largest float are
  // a little more than it.
  const double digits = std::strtod(fmt::format("{:.9g}", value).c_str(), nullptr);
  const double magnitude = std::min(digits, static_cast<double>(Float::max()));
  return quantum < 0 ? -magnitude : magnitude;
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

Result<Json> embedding_json(std::string_view model, std::string_view row) {
  Decoder in(row);
  const auto largest = std::bit_cast<float>(in.be32());
  const std::string_view quanta = in.bytes();
  if (!in.done()) return fail(Code::kDataLoss, "a vector row is damaged: rebuild the projection from the log");
  Json values = Json::array();
  for (const char quantum : quanta) values.push_back(dequantized(static_cast<int8_t>(quantum), largest));
  return Json{{"model", model}, {"values", std::move(values)}};
}

}  // namespace mnemo
