// File: events/kafka/topic.h
// What the brokers say of a topic, and whether it is fit for a log.
//
// Thread-safe: functions of their arguments and of what the brokers answer.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "events/ids.h"
#include "events/kafka/handles.h"
#include "events/result.h"

namespace mnemo::kafka {

struct TopicFacts {
  std::string name;
  Bytes16 id{};
  uint32_t partitions = 0;
  uint32_t replicas = 0;                                   // of the partition that has the fewest
  std::map<std::string, std::string, std::less<>> config;  // as in force
};

// NOT_FOUND: the cluster has no such topic. UNAVAILABLE (retryable): no answer in time. to_error() for the rest.
Result<TopicFacts> describe_topic(rd_kafka_t* client, const std::string& topic, std::chrono::milliseconds timeout);

// FAILED_PRECONDITION naming the first setting in which a log would lose or refuse what it promised to keep, with what
// to set instead. `allow_finite`: retention and compaction are the operator's business.
Status check_fit(const TopicFacts& facts, bool allow_finite);

// What is worth an operator's look, one sentence each.
std::vector<std::string> topic_warnings(const TopicFacts& facts);

}  // namespace mnemo::kafka
