#include "projector/store/fence.h"

#include <algorithm>

namespace mnemo {

size_t Fence::find(Place place) const {
  const auto after = std::upper_bound(places_.begin(), places_.end(), place);
  return after == places_.begin() ? kNone : static_cast<size_t>(after - places_.begin()) - 1;
}

void put_fence_place(std::string& out, Place before, Place place) {
  const uint64_t step = term_of(place) - term_of(before);
  put_varint(out, step << 1 | (doc_of(place) != 0 ? 1 : 0));
  if (doc_of(place) != 0) put_varint(out, doc_of(place));
}

bool read_fence_places(Decoder& in, Fence& fence) {
  uint64_t term = 0;
  while (in.ok() && !in.at_end()) {
    const uint64_t step = in.varint();
    const uint64_t doc = (step & 1) != 0 ? in.varint() : 0;
    term += step >> 1;
    if (!in.ok() || term > UINT32_MAX || doc > UINT32_MAX) return false;
    const Place place = place_of(static_cast<uint32_t>(term), static_cast<uint32_t>(doc));
    if (fence.size() > 0 && fence[fence.size() - 1] >= place) return false;
    fence.push_back(place);
  }
  return in.ok();
}

}  // namespace mnemo
