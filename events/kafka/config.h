// File: events/kafka/config.h
// The configuration of each of librdkafka's clients that the log has.
#pragma once

#include "events/kafka/handles.h"
#include "events/log_kafka.h"
#include "events/result.h"

namespace mnemo::kafka {

// In both the options must outlive the client, which speaks to its `on_log`.

// acks=all, idempotent, no time limit to a record: what waits is bounded, and told to who waits by time instead.
// INVALID_ARGUMENT for a property that librdkafka does not know, or that mnemo sets itself.
Result<Conf> producer_config(const KafkaOptions& options);

// read_committed, no group, no offsets kept or guessed, checksums checked, the end of a partition told.
Result<Conf> consumer_config(const KafkaOptions& options);

// A client of the configuration, which it takes.
Result<Client> make_client(rd_kafka_type_t type, Conf config);

}  // namespace mnemo::kafka
