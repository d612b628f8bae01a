#include "query/result_cache.h"

#include <algorithm>
#include <utility>

#include "events/hash.h"
#include "events/mutex.h"
#include "query/result_shard.h"

namespace mnemo {

// One shard: entries under a lock, and what became of lookups.
class ResultCache::Shard {
 public:
  explicit Shard(size_t bytes_max) : entries_(bytes_max) {}

  // `begun`: the epochs that the asker read before it read `applied`.
  std::shared_ptr<const Answer> find(std::string_view key, const Epochs& begun, const Applied& applied,
                                     const std::optional<Position>& min_position, const EpochTable& epochs) {
    const MutexLock lock(mutex_);
    const CachedAnswer* const found = entries_.find(key);
    if (found == nullptr) return miss();
    const Answer& answer = *found->answer;
    if (epochs.read(found->place) != found->epochs || applied.event_time_ms >= answer.stands_until_ms) {
      entries_.erase(key);
      ++counters_.stale_prevented;
      return miss();
    }
    const Position position = std::max(answer.position, applied.position);
    const bool reaches = !min_position || (position.epoch == min_position->epoch && position >= *min_position);
    if (!reaches || begun.partition != found->epochs.partition) return miss();
    ++counters_.hit;
    return entries_.use(key);
  }

  void store(std::string key, CachedAnswer answer, const EpochTable& epochs) {
    const MutexLock lock(mutex_);
    // Asked under the lock, so that no older answer takes the place of a newer one that stands.
    if (!answer.epochs.settled() || epochs.read(answer.place) != answer.epochs) {
      ++counters_.stale_prevented;
      return;
    }
    counters_.evicted += entries_.put(std::move(key), std::move(answer));
  }

  void add_to(Counters& sum) const {
    const MutexLock lock(mutex_);
    sum.hit += counters_.hit;
    sum.miss += counters_.miss;
    sum.stale_prevented += counters_.stale_prevented;
    sum.evicted += counters_.evicted;
  }
  size_t bytes() const {
    const MutexLock lock(mutex_);
    return entries_.bytes();
  }
  size_t entries() const {
    const MutexLock lock(mutex_);
    return entries_.size();
  }

 private:
  std::nullptr_t miss() MNEMO_REQUIRES(mutex_) {
    ++counters_.miss;
    return nullptr;
  }

  mutable Mutex mutex_;
  ResultShard entries_ MNEMO_GUARDED_BY(mutex_);
  Counters counters_ MNEMO_GUARDED_BY(mutex_);
};

ResultCache::ResultCache(const ResultCacheOptions& options) : epochs_(options.epoch_rows) {
  for (uint32_t i = 0; i < options.shards; ++i) {
    shards_.push_back(std::make_unique<Shard>(options.bytes_max / options.shards));
  }
}

ResultCache::~ResultCache() = default;

ResultCache::Shard& ResultCache::shard(std::string_view key) const { return *shards_[xxh3_64(key) % shards_.size()]; }

std::optional<Answer> ResultCache::find(const Ticket& ticket, std::string_view key, const Applied& applied,
                                        const std::optional<Position>& min_position) {
  const std::shared_ptr<const Answer> found = shard(key).find(key, ticket.epochs_, applied, min_position, epochs_);
  if (found == nullptr) return std::nullopt;
  Answer answer = *found;
  answer.position = std::max(answer.position, applied.position);
  answer.cached = true;
  return answer;
}

ResultCache::Ticket ResultCache::begin(PartitionId partition, std::string_view name_space,
                                       std::string_view agent_id) const {
  Ticket ticket;
  ticket.place_ = epochs_.place(partition, name_space, agent_id);
  ticket.epochs_ = epochs_.read(ticket.place_);
  return ticket;
}

void ResultCache::store(const Ticket& ticket, std::string key, Answer answer) {
  Shard& into = shard(key);
  into.store(std::move(key), {std::make_shared<const Answer>(std::move(answer)), ticket.place_, ticket.epochs_},
             epochs_);
}

ResultCache::Counters ResultCache::counters() const {
  Counters sum;
  for (const auto& shard : shards_) shard->add_to(sum);
  return sum;
}

size_t ResultCache::bytes() const {
  size_t sum = 0;
  for (const auto& shard : shards_) sum += shard->bytes();
  return sum;
}

size_t ResultCache::entries() const {
  size_t sum = 0;
  for (const auto& shard : shards_) sum += shard->entries();
  return sum;
}

}  // namespace mnemo
