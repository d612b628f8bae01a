// File: projector/store/fence.h
// Fences: where each chunk of a segment begins. docs/formats.md has the bytes.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "events/coding.h"

namespace mnemo {

// Where a posting stands in a segment: by term, then document. Order of numbers is order of postings.
using Place = uint64_t;
inline Place place_of(uint32_t term, uint32_t doc) { return uint64_t{term} << 32 | doc; }
inline uint32_t term_of(Place place) { return static_cast<uint32_t>(place >> 32); }
inline uint32_t doc_of(Place place) { return static_cast<uint32_t>(place); }

// Where a chunk may begin whose first term is `term` and that follows one whose last term is `before` < `term`: not the
// term itself but the shortest prefix of it that is beyond `before`, so that a fence keeps no term of a memory that was
// forgotten.
inline Place place_between(uint32_t before, uint32_t term) {
  const uint32_t below = std::bit_floor(before ^ term) - 1;
  return place_of(term & ~below, 0);
}

// Where each chunk of a segment begins: places not greater than any in the chunk and greater than all in the chunks
// before, ascending. A chunk that begins inside a term's postings has a document over 0 there; only a term that fills
// chunks of its own is divided. So a posting is in the last chunk whose place is not greater than its own, if it is
// anywhere.
class Fence {
 public:
  static constexpr size_t kNone = ~size_t{0};

  size_t size() const { return places_.size(); }
  Place operator[](size_t chunk) const { return places_[chunk]; }
  void push_back(Place place) { places_.push_back(place); }
  void clear() { places_.clear(); }
  // The chunk that holds the place, if any does; kNone when it lies before the first.
  size_t find(Place place) const;

 private:
  std::vector<Place> places_;
};

// One entry of a fence row, after `before` (0 for the row's first).
void put_fence_place(std::string& out, Place before, Place place);
// Reads entries to the end of the input; false when they do not ascend from `fence`'s last one or are damaged.
bool read_fence_places(Decoder& in, Fence& fence);

}  // namespace mnemo
