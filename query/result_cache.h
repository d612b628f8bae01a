// File: query/result_cache.h
// Answers to retrieve, kept until something that they depend on changes. No answer that it gives is stale: it is what
// the engine would answer at the position that it carries, and that is no earlier than what had been published when it
// was asked for.
//
// The committing thread calls raise() between the write of a batch and the publication of its position (CommitListener
// in projector/projection.h). A reader, in this order:
//
//   ticket = begin(...)               the epochs as they are now
//   applied = what the partition has published
//   find(ticket, key, applied, ...)   an answer: done
//   view, answer                      the view is taken after the ticket
//   store(ticket, key, answer)        kept iff the epochs are still those of the ticket
//
// Why that suffices: a batch in `applied` raised its epochs before it was published, so an answer from before that
// batch is seen to be old. An answer whose epochs stand has missed nothing of its agent up to `applied`. Time is the
// other thing that changes answers: memories expire by the partition's event time, so an answer also ends where the
// first of the memories behind it does (Answer::stands_until_ms); nothing else in it depends on time. Positions and
// time only go back when a projection falls back to older rows. From before views can show those until their position
// is published, nothing is found or kept; and since `applied` was read after the ticket, it is never of the time before
// while the answer is of the time after. Who puts another projection in the place of one, with its own rows, raises the
// partition around that in the same way: kOpening before, kPartition after.
//
// Bounded in bytes. What leaves when it is full is decided by S3-FIFO (Yang et al., "FIFO queues are all you need for
// cache eviction", SOSP 2023): a new answer waits in a short queue; if it was used more than once there it goes on to
// the main one, where each use gives it another round; what came back soon after it had left goes to the main one at
// once. So a pass of questions that are asked once drives out little, and a hit moves nothing.
//
// Thread-safe: answers are spread over shards, each under a lock of its own, and are copied outside of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/engine.h"
#include "query/epochs.h"

namespace mnemo {

// What a partition has published.
struct Applied {
  Position position;
  TimestampMs event_time_ms = 0;
};

struct ResultCacheOptions {
  size_t bytes_max = 32 << 20;    // of keys and answers; an answer of more than half a shard is not kept
  uint32_t shards = 16;           // at least 1
  uint32_t epoch_rows = 1 << 16;  // of 24 bytes each, beside bytes_max: agents that share one invalidate each other
};

class ResultCache {
 public:
  struct Counters {
    uint64_t hit = 0;
    uint64_t miss = 0;
    uint64_t stale_prevented = 0;  // found and dropped, or not kept, because something had changed
    uint64_t evicted = 0;          // to make room
  };
  // Says what had changed when an answer was begun.
  class Ticket {
   private:
    friend class ResultCache;
    EpochTable::Place place_;
    Epochs epochs_;
  };

  explicit ResultCache(const ResultCacheOptions& options);
  ~ResultCache();
  ResultCache(const ResultCache&) = delete;
  ResultCache& operator=(const ResultCache&) = delete;

  // By the committing thread. Quick; throws nothing.
  void raise(PartitionId partition, const Touched& touched) { epochs_.raise(partition, touched); }

  // Before what has been published is read, and before the view is taken.
  Ticket begin(PartitionId partition, std::string_view name_space, std::string_view agent_id) const;

  // The answer of this key, marked as cached, at the later of `applied` and the position that it was made at. nullopt:
  // there is none that stands, or none at `min_position`, which must be of the same epoch of the log.
  std::optional<Answer> find(const Ticket& ticket, std::string_view key, const Applied& applied,
                             const std::optional<Position>& min_position = std::nullopt);

  // `answer` was made without explain, from a view of the ticket's partition. It takes the place of one of the same
  // key.
  void store(const Ticket& ticket, std::string key, Answer answer);

  Counters counters() const;
  size_t bytes() const;
  size_t entries() const;

 private:
  class Shard;
  Shard& shard(std::string_view key) const;

  EpochTable epochs_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace mnemo
