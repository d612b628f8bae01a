// File: projector/store/flat_table.h
// From a 64-bit hash to small numbers, for point look-ups on the apply path only. It is never walked, so no decision
// can come to depend on its order. The caller keeps what the numbers stand for and compares the real keys.
//
// Open addressing with linear probing; clear() is O(1). Not thread-safe.
#pragma once

#include <cstdint>
#include <vector>

namespace mnemo {

class FlatTable {
 public:
  static constexpr uint32_t kNone = ~uint32_t{0};

  explicit FlatTable(size_t slots = 1024) : slots_(slots) {}

  // The number under `hash` for which `same(number)` holds, or kNone.
  template <typename Same>
  uint32_t find(uint64_t hash, const Same& same) const {
    for (size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[at];
      if (slot.generation != generation_) return kNone;
      if (slot.hash == hash && same(slot.number)) return slot.number;
    }
  }

  // Adds a number that find() did not find.
  void insert(uint64_t hash, uint32_t number) {
    if (++used_ * 2 > slots_.size()) grow();
    place({hash, number, generation_});
  }

  void clear() {
    used_ = 0;
    if (++generation_ != 0) return;
    slots_.assign(slots_.size(), Slot{});
    generation_ = 1;
  }

 private:
  struct Slot {
    uint64_t hash = 0;
    uint32_t number = 0;
    uint32_t generation = 0;
  };

  void place(const Slot& entry) {
    size_t at = entry.hash & (slots_.size() - 1);
    while (slots_[at].generation == generation_) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = entry;
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.generation == generation_) place(slot);
    }
  }

  std::vector<Slot> slots_;  // a power of two
  size_t used_ = 0;
  uint32_t generation_ = 1;
};

}  // namespace mnemo
