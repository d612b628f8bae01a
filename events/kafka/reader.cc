#include "events/kafka/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/kafka/errors.h"

namespace mnemo::kafka {
namespace {

constexpr size_t kFetchMessages = 1000;
// For more, where the partition goes on behind what came, and the rest is on its way.
constexpr auto kMoreWithin = std::chrono::milliseconds(20);

int ms_until(Deadline until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 1000));
}

Error with_place(Error error, const Position& next) {
  error.message = fmt::format("partition {}, at offset {}: {}", next.partition.value, next.offset, error.message);
  return error;
}

}  // namespace

bool Reader::full(PollLimits limits) const {
  return !records_.empty() && (records_.size() >= limits.records || bytes_ >= limits.bytes);
}

bool Reader::at_end() const {
  if (end_told_) return true;
  const std::optional<uint64_t> end = lease_->end_seen();
  return end && next_.offset >= *end;
}

void Reader::fetch(Deadline until) {
  fetched_.clear();
  taken_ = 0;
  lease_->fetch(ms_until(until), kFetchMessages, fetched_);
}

// Moves what was fetched into records_, up to the limits or to an error, which is met again by the next poll.
Status Reader::take(PollLimits limits) {
  for (; taken_ < fetched_.size() && !full(limits); ++taken_) {
    Message& message = fetched_[taken_];
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      next_.offset = std::max(next_.offset, static_cast<uint64_t>(std::max<int64_t>(message->offset, 0)));
      end_told_ = true;
      continue;
    }
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (meaning_of(message->err) == Meaning::kRetry) continue;  // librdkafka goes on by itself
      if (!records_.empty()) return {};
      started_ = false;  // librdkafka has parked the partition
      return fail(
          with_place(to_error(message->err, "reading the topic", rd_kafka_message_errstr(message.get())), next_));
    }
    const auto offset = static_cast<uint64_t>(message->offset);
    if (offset < next_.offset) continue;
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    Position position = next_;
    position.offset = offset;
    records_.push_back({position, rd_kafka_message_timestamp(message.get(), &type),
                        std::string_view(static_cast<const char*>(message->key), message->key_len),
                        std::string_view(static_cast<const char*>(message->payload), message->len)});
    bytes_ += message->key_len + message->len;
    next_.offset = offset + 1;
    end_told_ = false;
    given_.push_back(std::move(message));
  }
  return {};
}

Result<std::span<const LogRecord>> Reader::poll(PollLimits limits, Deadline deadline) {
  records_.clear();
  given_.clear();
  bytes_ = 0;
  if (std::optional<Error> why = trouble_(); why && why->code != Code::kUnavailable) return fail(std::move(*why));
  if (!started_) {
    MNEMO_TRY(lease_->start(next_.offset));
    started_ = true;
    fetched_.clear();
    taken_ = 0;
  }
  while (true) {
    MNEMO_TRY(take(limits));
    const Deadline now = std::chrono::steady_clock::now();
    if (full(limits) || (!records_.empty() && (taken_ < fetched_.size() || at_end()))) break;
    fetch(records_.empty() ? deadline : std::min(deadline, now + kMoreWithin));
    if (!fetched_.empty()) continue;
    if (!records_.empty() || now >= deadline) break;
  }
  return std::span<const LogRecord>(records_);
}

}  // namespace mnemo::kafka
