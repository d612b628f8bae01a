// File: tests/kafka/kafka_testing.h
// Topics on the broker that tests/kafka/broker.py has started for this process.
#pragma once

#include <string>

#include "events/log_kafka.h"

namespace mnemo {

// Of a prefix that no other call of this process gives.
KafkaOptions kafka_test_options();

// They end the test with an exception where the broker refuses.
void make_topic(const KafkaOptions& options, uint32_t partitions);
void delete_topic(const KafkaOptions& options);  // of events
void set_topic_config(const KafkaOptions& options, const std::string& name, const std::string& value);

}  // namespace mnemo
