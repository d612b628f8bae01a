// File: events/log_kafka_topics.h
// The topics of a log on Kafka, made with the settings that a log needs.
//
//   PREFIX.events         the log: kept for ever, stamped by the broker
//   PREFIX.invalidations  for caches outside: kept for a day
//   PREFIX.digests        the last of each partition: compacted
//   PREFIX.deadletters    what could not be applied: kept for ever
//
// Thread-safe: functions of their arguments and of what the brokers answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/log_kafka.h"

namespace mnemo {

struct KafkaTopicsOptions {
  uint32_t partitions = limits::kPartitionsDefault;  // of each
  std::optional<uint32_t> replication;               // the brokers' default where it is not given
  std::optional<uint32_t> min_insync_replicas;       // likewise
};

std::string invalidations_topic(const KafkaOptions& options);
std::string digests_topic(const KafkaOptions& options);
std::string deadletters_topic(const KafkaOptions& options);

// Makes those of the four that are not there, and tells which it made. What is there is left as it is. Errors of
// KafkaLog::open(), and INVALID_ARGUMENT for numbers that no log or cluster has.
Result<std::vector<std::string>> create_topics(const KafkaOptions& options, const KafkaTopicsOptions& topics);

}  // namespace mnemo
