#include "events/kafka/admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>

#include "events/kafka/errors.h"

namespace mnemo::kafka {
namespace {

constexpr auto kAskAgain = std::chrono::milliseconds(50);

}  // namespace

Result<Event> await_answer(const Queue& queue, std::chrono::milliseconds timeout, const std::string& what) {
  Event event(rd_kafka_queue_poll(queue.get(), static_cast<int>(timeout.count()) + 1000));
  if (event == nullptr) return fail(to_error(RD_KAFKA_RESP_ERR__TIMED_OUT, what));
  const rd_kafka_resp_err_t error = rd_kafka_event_error(event.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fail(to_error(error, what, rd_kafka_event_error_string(event.get())));
  }
  return event;
}

Result<AdminOptions> admin_options(rd_kafka_t* client, rd_kafka_admin_op_t operation,
                                   std::chrono::milliseconds timeout) {
  AdminOptions options(rd_kafka_AdminOptions_new(client, operation));
  std::array<char, 256> why{};
  const auto set = rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(timeout.count()),
                                                             why.data(), why.size());
  if (set != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(Code::kInvalidArgument, why.data());
  return options;
}

Result<Ends> ends_of(rd_kafka_t* client, const std::string& topic, PartitionId partition,
                     std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (true) {
    int64_t low = 0;
    int64_t high = 0;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const auto error =
        rd_kafka_query_watermark_offsets(client, topic.c_str(), static_cast<int32_t>(partition.value), &low, &high,
                                         static_cast<int>(std::max<int64_t>(left.count(), 1)));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return Ends{static_cast<uint64_t>(low), static_cast<uint64_t>(high)};
    if (meaning_of(error) != Meaning::kRetry || std::chrono::steady_clock::now() + kAskAgain >= until) {
      return fail(
          to_error(error, fmt::format("asking Kafka where partition {} of topic {} ends", partition.value, topic)));
    }
    std::this_thread::sleep_for(kAskAgain);
  }
}

}  // namespace mnemo::kafka
