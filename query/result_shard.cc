#include "query/result_shard.h"

#include <algorithm>
#include <utility>

#include "events/hash.h"

namespace mnemo {
namespace {

// A node of the list, one of the table, what is remembered of a key that left, and the counted pointer.
constexpr size_t kEntryOverheadBytes = 256;

size_t heap_bytes(const std::string& text) {
  static const size_t inline_bytes = std::string().capacity();
  return text.capacity() > inline_bytes ? text.capacity() + 1 : 0;
}

size_t heap_bytes(const Memory& memory) {
  size_t bytes = 0;
  for (const std::string* text :
       {&memory.id, &memory.name_space, &memory.agent_id, &memory.text, &memory.session_id, &memory.speaker,
        &memory.memory_class, &memory.kind, &memory.tier, &memory.content, &memory.source, &memory.event_id}) {
    bytes += heap_bytes(*text);
  }
  bytes += memory.tags.capacity() * sizeof(std::string);
  for (const std::string& tag : memory.tags) bytes += heap_bytes(tag);
  bytes += memory.metadata.capacity() * sizeof(Memory::MetadataValue);
  for (const Memory::MetadataValue& value : memory.metadata) bytes += heap_bytes(value.key) + heap_bytes(value.text);
  return bytes;
}

}  // namespace

size_t cached_bytes(std::string_view key, const Answer& answer) {
  size_t bytes = kEntryOverheadBytes + key.size() + sizeof(Answer) + heap_bytes(answer.context);
  bytes += answer.hits.capacity() * sizeof(Hit);
  for (const Hit& hit : answer.hits) bytes += heap_bytes(hit.memory);
  return bytes;
}

const CachedAnswer* ResultShard::find(std::string_view key) const {
  const auto at = by_key_.find(key);
  return at == by_key_.end() ? nullptr : &at->second->kept;
}

std::shared_ptr<const Answer> ResultShard::use(std::string_view key) {
  Entry& entry = *by_key_.find(key)->second;
  entry.uses = std::min<uint8_t>(kUsesMax, entry.uses + 1);
  return entry.kept.answer;
}

void ResultShard::erase(std::string_view key) {
  const auto at = by_key_.find(key);
  if (at != by_key_.end()) remove(at->second);
}

uint64_t ResultShard::put(std::string key, CachedAnswer answer) {
  Entry entry;
  const auto before = by_key_.find(key);
  if (before != by_key_.end()) {
    entry.uses = before->second->uses;
    entry.main = before->second->main;
    remove(before->second);
  } else {
    entry.main = left_set_.erase(xxh3_64(key)) > 0;
  }
  entry.bytes = cached_bytes(key, *answer.answer);
  if (entry.bytes > bytes_max_ / 2) return 0;
  entry.key = std::move(key);
  entry.kept = std::move(answer);
  Queue& queue = queue_of(entry);
  queue.bytes += entry.bytes;
  queue.entries.push_back(std::move(entry));
  const At at = std::prev(queue.entries.end());
  by_key_.emplace(at->key, at);
  return make_room();
}

void ResultShard::remove(At entry) {
  by_key_.erase(entry->key);
  Queue& queue = queue_of(*entry);
  queue.bytes -= entry->bytes;
  queue.entries.erase(entry);
}

// To the newest end.
void ResultShard::move_to_main(At entry, uint8_t uses) {
  Queue& from = queue_of(*entry);
  from.bytes -= entry->bytes;
  main_.bytes += entry->bytes;
  main_.entries.splice(main_.entries.end(), from.entries, entry);
  entry->main = true;
  entry->uses = uses;
}

uint64_t ResultShard::make_room() {
  uint64_t evicted = 0;
  while (bytes() > bytes_max_) {
    const bool from_recent = recent_.bytes > bytes_max_ / kRecentShare || main_.entries.empty();
    evicted += (from_recent ? leave_recent() : leave_main()) ? 1 : 0;
  }
  return evicted;
}

// Both end with a use less or an entry less, so making room ends. False: nothing left the cache.
bool ResultShard::leave_recent() {
  const At oldest = recent_.entries.begin();
  if (oldest->uses > 1) {
    move_to_main(oldest, 0);
    return false;
  }
  remember(oldest->key);
  remove(oldest);
  return true;
}

bool ResultShard::leave_main() {
  const At oldest = main_.entries.begin();
  if (oldest->uses > 0) {
    move_to_main(oldest, oldest->uses - 1);
    return false;
  }
  remove(oldest);
  return true;
}

void ResultShard::remember(const std::string& key) {
  const uint64_t hash = xxh3_64(key);
  if (left_set_.insert(hash).second) left_.push_back(hash);
  while (left_.size() > by_key_.size()) {
    left_set_.erase(left_.front());
    left_.pop_front();
  }
}

}  // namespace mnemo
