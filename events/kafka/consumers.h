// File: events/kafka/consumers.h
// The consumers that readers share: one of librdkafka's clients reads a partition at one place only, so a second reader
// of the same partition gets a second client. They stay for the next reader.
//
// Thread-safe; a Lease is used by one thread, and must not outlive its Consumers.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "events/ids.h"
#include "events/kafka/handles.h"
#include "events/log_kafka.h"
#include "events/mutex.h"
#include "events/result.h"

namespace mnemo::kafka {

class Consumers {
 private:
  struct Consumer {
    Client client;
    Topic topic;
    std::set<PartitionId> leased;
  };

 public:
  explicit Consumers(KafkaOptions options);

  // A partition of a client, which fetches from an offset on until the lease ends.
  class Lease {
   public:
    Lease(Consumers& owner, Consumer& consumer, PartitionId partition);
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();

    Status start(uint64_t offset);
    // Appends what was fetched to `into`: waits for a first message up to `wait_ms`, for no second one.
    void fetch(int wait_ms, size_t messages_max, std::vector<Message>& into);
    // The partition's end as the last answer of a broker had it; nullopt before there was one.
    std::optional<uint64_t> end_seen() const;

   private:
    void stop();
    Consumers& owner_;
    Consumer& consumer_;
    const PartitionId partition_;
    bool started_ = false;
  };

  Result<std::unique_ptr<Lease>> lease(PartitionId partition);

  // The client for questions: it reads nothing.
  Result<rd_kafka_t*> client();

 private:
  Result<Consumer*> make() MNEMO_REQUIRES(mutex_);

  const KafkaOptions options_;
  const std::string topic_name_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Consumer>> consumers_ MNEMO_GUARDED_BY(mutex_);
};

}  // namespace mnemo::kafka
