// File: events/kafka/admin.h
// What every question to the brokers needs.
#pragma once

#include <chrono>
#include <string>

#include "events/ids.h"
#include "events/kafka/handles.h"
#include "events/result.h"

namespace mnemo::kafka {

// With a time limit for the broker's answer.
Result<AdminOptions> admin_options(rd_kafka_t* client, rd_kafka_admin_op_t operation,
                                   std::chrono::milliseconds timeout);

// The one event that answers a request; errors as to_error() has them, beginning with `what`.
Result<Event> await_answer(const Queue& queue, std::chrono::milliseconds timeout, const std::string& what);

struct Ends {
  uint64_t begin = 0;
  uint64_t end = 0;
};

// The first offset kept and the one after the last that a reader is given. What a cluster in passing trouble answers is
// asked again until `timeout` is over: UNAVAILABLE then.
Result<Ends> ends_of(rd_kafka_t* client, const std::string& topic, PartitionId partition,
                     std::chrono::milliseconds timeout);

}  // namespace mnemo::kafka
