#include "events/kafka/consumers.h"

#include <array>

#include "events/kafka/config.h"
#include "events/kafka/errors.h"

namespace mnemo::kafka {

Consumers::Consumers(KafkaOptions options) : options_(std::move(options)), topic_name_(events_topic(options_)) {}

Result<Consumers::Consumer*> Consumers::make() {
  MNEMO_ASSIGN(Conf config, consumer_config(options_));
  auto made = std::make_unique<Consumer>();
  MNEMO_ASSIGN(made->client, make_client(RD_KAFKA_CONSUMER, std::move(config)));
  made->topic.reset(rd_kafka_topic_new(made->client.get(), topic_name_.c_str(), nullptr));
  consumers_.push_back(std::move(made));
  return consumers_.back().get();
}

Result<rd_kafka_t*> Consumers::client() {
  const MutexLock lock(mutex_);
  if (consumers_.empty()) MNEMO_TRY(make());
  return consumers_.front()->client.get();
}

Result<std::unique_ptr<Consumers::Lease>> Consumers::lease(PartitionId partition) {
  const MutexLock lock(mutex_);
  for (const auto& consumer : consumers_) {
    if (consumer->leased.insert(partition).second) return std::make_unique<Lease>(*this, *consumer, partition);
  }
  MNEMO_ASSIGN(Consumer* const consumer, make());
  consumer->leased.insert(partition);
  return std::make_unique<Lease>(*this, *consumer, partition);
}

Consumers::Lease::Lease(Consumers& owner, Consumer& consumer, PartitionId partition)
    : owner_(owner), consumer_(consumer), partition_(partition) {}

Consumers::Lease::~Lease() {
  stop();
  const MutexLock lock(owner_.mutex_);
  consumer_.leased.erase(partition_);
}

void Consumers::Lease::stop() {
  if (started_) rd_kafka_consume_stop(consumer_.topic.get(), static_cast<int32_t>(partition_.value));
  started_ = false;
}

Status Consumers::Lease::start(uint64_t offset) {
  stop();
  if (rd_kafka_consume_start(consumer_.topic.get(), static_cast<int32_t>(partition_.value),
                             static_cast<int64_t>(offset)) != 0) {
    return fail(to_error(rd_kafka_last_error(), "reading topic " + owner_.topic_name_));
  }
  started_ = true;
  return {};
}

void Consumers::Lease::fetch(int wait_ms, size_t messages_max, std::vector<Message>& into) {
  const auto partition = static_cast<int32_t>(partition_.value);
  Message first(rd_kafka_consume(consumer_.topic.get(), partition, wait_ms));
  if (first == nullptr) return;
  into.push_back(std::move(first));
  std::array<rd_kafka_message_t*, 1000> more{};
  const size_t wanted = std::min(more.size(), messages_max);
  const ssize_t got =
      wanted == 0 ? 0 : rd_kafka_consume_batch(consumer_.topic.get(), partition, 0, more.data(), wanted);
  for (ssize_t i = 0; i < got; ++i) into.emplace_back(more[static_cast<size_t>(i)]);
}

std::optional<uint64_t> Consumers::Lease::end_seen() const {
  int64_t low = 0;
  int64_t high = 0;
  const auto error = rd_kafka_get_watermark_offsets(consumer_.client.get(), owner_.topic_name_.c_str(),
                                                    static_cast<int32_t>(partition_.value), &low, &high);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0) return {};
  return static_cast<uint64_t>(high);
}

}  // namespace mnemo::kafka
