// File: events/kafka/errors.h
// What each of librdkafka's errors means to mnemo.
//
// Thread-safe: functions of their arguments.
#pragma once

#include <librdkafka/rdkafka.h>

#include <string_view>

#include "events/result.h"

namespace mnemo::kafka {

enum class Meaning {
  kRetry,   // the cluster's or the network's trouble: the same may succeed later
  kRefuse,  // this record or this client is refused: nothing else is
  kStop,    // the topic is not what it was, or damaged: nobody may go on as if nothing was
};

Meaning meaning_of(rd_kafka_resp_err_t error);

// UNAVAILABLE (retryable) for kRetry; INVALID_ARGUMENT or FAILED_PRECONDITION for kRefuse; FAILED_PRECONDITION or
// DATA_LOSS for kStop. The message begins with `what` and names Kafka's error.
Error to_error(rd_kafka_resp_err_t error, std::string_view what, std::string_view detail = {});

}  // namespace mnemo::kafka
