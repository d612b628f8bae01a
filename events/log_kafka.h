// File: events/log_kafka.h
// The log on Apache Kafka: one topic, whose partitions are the log's.
//
// An append is acknowledged by all in-sync replicas (acks=all) through an idempotent producer; what a broker's failure
// leaves in doubt is sent again as it is, so that a record may stand on the log twice with the same bytes. Readers see
// what is committed (read_committed) and start where they are told: no offset is kept on Kafka, and none is guessed.
// Other producers may append to the same topic at any time.
//
// The log's id is the topic's own, which is another one when the topic was deleted and made again. A watcher looks at
// it, and at the topic's partitions and settings, every few seconds: what it finds wrong is an error that append() and
// readers answer with, until it is right again.
//
// Thread-safe, as Log is. No type of librdkafka is seen outside events/kafka/.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/limits.h"
#include "events/log.h"

namespace mnemo {

struct KafkaOptions {
  std::string brokers;  // HOST:PORT, comma-separated
  std::string topic_prefix = "mnemo";
  // For librdkafka, such as {"security.protocol", "SASL_SSL"}; what the log's promises rest on is refused.
  std::vector<std::pair<std::string, std::string>> properties;
  std::chrono::milliseconds answer_within{5000};  // of a broker that is asked something
  std::chrono::milliseconds watch_every{5000};
  size_t queue_records_max = limits::kAppendQueueRecordsMax;
  size_t queue_bytes_max = limits::kAppendQueueBytesMax;
  // What librdkafka has to say of itself, by syslog's levels (3: error, 4: warning); from any thread. Null: nobody
  // hears.
  std::function<void(int level, std::string_view message)> on_log;
  // For tests: while it says no, nothing that is appended is sent. Null: always.
  std::function<bool()> may_send;
  // Finite retention and compaction are no errors: what a reader needs may be gone.
  bool allow_finite = false;
};

// "PREFIX.events", the topic of the log.
std::string events_topic(const KafkaOptions& options);

class KafkaLog : public Log {
 public:
  // Asks the brokers for the topic. NOT_FOUND: it is not there. FAILED_PRECONDITION: it is not fit for a log, and what
  // to change; or the brokers refuse this client. UNAVAILABLE (retryable): no broker answered in time.
  // INVALID_ARGUMENT: the options.
  static Result<std::unique_ptr<KafkaLog>> open(const KafkaOptions& options);

  // The log of which this is known already, whether or not a broker answers: what differs is found by the watcher.
  static Result<std::unique_ptr<KafkaLog>> open_known(const KafkaOptions& options, const LogIdentity& identity);

  // What the watcher found last: nothing, or why the log is refused or out of reach.
  virtual std::optional<Error> trouble() const = 0;
};

}  // namespace mnemo
