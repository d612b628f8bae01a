// File: query/result_shard.h
// Answers by key within a number of bytes: S3-FIFO, as result_cache.h says. Knows nothing of what makes an answer
// stale. Not thread-safe. Internal to the result cache.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "query/engine.h"
#include "query/epochs.h"

namespace mnemo {

struct CachedAnswer {
  std::shared_ptr<const Answer> answer;
  EpochTable::Place place;
  Epochs epochs;
};

class ResultShard {
 public:
  explicit ResultShard(size_t bytes_max) : bytes_max_(bytes_max) {}

  // Null when there is none. Good until the next call of another function.
  const CachedAnswer* find(std::string_view key) const;
  // Of a key that find() found: counts as a use.
  std::shared_ptr<const Answer> use(std::string_view key);
  void erase(std::string_view key);
  // Returns how many others had to leave for it. What takes more than half of all bytes is not kept, and neither is the
  // answer that its key had.
  uint64_t put(std::string key, CachedAnswer answer);

  size_t bytes() const { return recent_.bytes + main_.bytes; }
  size_t size() const { return by_key_.size(); }

 private:
  static constexpr uint8_t kUsesMax = 3;
  static constexpr size_t kRecentShare = 10;  // a tenth of the bytes, as in the paper

  struct Entry {
    std::string key;
    CachedAnswer kept;
    size_t bytes = 0;
    uint8_t uses = 0;
    bool main = false;
  };
  struct Queue {
    std::list<Entry> entries;  // oldest first
    size_t bytes = 0;
  };
  using At = std::list<Entry>::iterator;

  Queue& queue_of(const Entry& entry) { return entry.main ? main_ : recent_; }
  void remove(At entry);
  void move_to_main(At entry, uint8_t uses);
  uint64_t make_room();
  bool leave_recent();
  bool leave_main();
  void remember(const std::string& key);

  const size_t bytes_max_;
  Queue recent_;
  Queue main_;
  std::unordered_map<std::string_view, At> by_key_;  // keys of the entries themselves
  // Hashes of keys that left the recent queue, oldest first; no more than there are entries.
  std::deque<uint64_t> left_;
  std::unordered_set<uint64_t> left_set_;
};

// What an entry takes, allocations included, to within a few per cent.
size_t cached_bytes(std::string_view key, const Answer& answer);

}  // namespace mnemo
