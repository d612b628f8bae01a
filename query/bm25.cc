#include "query/bm25.h"

namespace mnemo {
namespace {

__extension__ typedef __int128 Wide;

// n / d to the nearest, halves up; n >= 0, d > 0.
int64_t divide(Wide n, Wide d) {
  const Wide rounded = n + d / 2;
  // Nearly always, and several times as fast.
  if ((rounded | d) >> 63 == 0) return static_cast<int64_t>(rounded) / static_cast<int64_t>(d);
  return static_cast<int64_t>(rounded / d);
}

}  // namespace

int64_t Bm25::idf(uint32_t documents) const {
  return fixed_ln_ratio(2 * uint64_t{corpus_.documents} + 2, 2 * uint64_t{documents} + 1);
}

int64_t Bm25::norm(uint32_t length) const {
  // Without a single word there is no average: every document is then as long as any other.
  if (corpus_.words == 0) return k1_;
  const Wide words = corpus_.words;
  const Wide relative = (kFixedOne - b_) * words + Wide{b_} * length * corpus_.documents;
  return divide(k1_ * relative, kFixedOne * words);
}

int64_t Bm25::share(int64_t idf, uint32_t count, int64_t norm) const {
  return divide(Wide{idf} * (k1_ + kFixedOne) * count, Wide{count} * kFixedOne + norm);
}

}  // namespace mnemo
