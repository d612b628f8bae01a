#include <string>

#include "events/coding.h"
#include "events/hash.h"
#include "events/text/analyzer.h"
#include "query/engine.h"

namespace mnemo {
namespace {

// Names the formula; a change of how scores come about changes it.
constexpr std::string_view kFormula = "bm25-1";
constexpr int64_t kK1Max = 100 * kFixedOne;

}  // namespace

Status Profile::check() const {
  if (k1 < 0 || k1 > kK1Max) return fail(Code::kInvalidArgument, "profile: k1 must be from 0 to 100");
  if (b < 0 || b > kFixedOne) return fail(Code::kInvalidArgument, "profile: b must be from 0 to 1");
  return {};
}

std::string Profile::hash() const {
  std::string bytes;
  put_bytes(bytes, kFormula);
  put_le64(bytes, static_cast<uint64_t>(k1));
  put_le64(bytes, static_cast<uint64_t>(b));
  bytes.push_back(drop_speaker_names ? 1 : 0);
  put_bytes(bytes, analysis_version());
  return to_hex(xxh3_128(bytes));
}

}  // namespace mnemo
