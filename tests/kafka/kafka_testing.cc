#include "tests/kafka/kafka_testing.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <stdexcept>

#include "events/kafka/admin.h"
#include "events/kafka/config.h"
#include "events/log_kafka_topics.h"

namespace mnemo {
namespace {

using namespace std::chrono_literals;
using NamedTopic = std::unique_ptr<rd_kafka_DeleteTopic_t, kafka::Destroy<rd_kafka_DeleteTopic_destroy>>;

constexpr auto kWithin = 20000ms;

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

kafka::Client admin(const KafkaOptions& options) {
  return must(kafka::make_client(RD_KAFKA_CONSUMER, must(kafka::consumer_config(options))));
}

}  // namespace

KafkaOptions kafka_test_options() {
  const char* brokers = std::getenv("MNEMO_TEST_KAFKA");
  if (brokers == nullptr) throw std::runtime_error("no broker: run this by tests/kafka/broker.py -- COMMAND");
  static std::atomic<int> number{0};
  KafkaOptions options;
  options.brokers = brokers;
  options.topic_prefix = "test-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
  options.answer_within = kWithin;
  return options;
}

void make_topic(const KafkaOptions& options, uint32_t partitions) {
  KafkaTopicsOptions topics;
  topics.partitions = partitions;
  must(create_topics(options, topics));
}

void delete_topic(const KafkaOptions& options) {
  const kafka::Client client = admin(options);
  const auto how = must(kafka::admin_options(client.get(), RD_KAFKA_ADMIN_OP_DELETETOPICS, kWithin));
  const kafka::Queue queue(rd_kafka_queue_new(client.get()));
  const NamedTopic topic(rd_kafka_DeleteTopic_new(events_topic(options).c_str()));
  std::array<rd_kafka_DeleteTopic_t*, 1> all{topic.get()};
  rd_kafka_DeleteTopics(client.get(), all.data(), all.size(), how.get(), queue.get());
  must(kafka::await_answer(queue, kWithin, "deleting a topic"));
}

void set_topic_config(const KafkaOptions& options, const std::string& name, const std::string& value) {
  const kafka::Client client = admin(options);
  const auto how = must(kafka::admin_options(client.get(), RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS, kWithin));
  const kafka::Queue queue(rd_kafka_queue_new(client.get()));
  const kafka::ConfigResource topic(
      rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, events_topic(options).c_str()));
  rd_kafka_error_destroy(rd_kafka_ConfigResource_add_incremental_config(
      topic.get(), name.c_str(), RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, value.c_str()));
  std::array<rd_kafka_ConfigResource_t*, 1> all{topic.get()};
  rd_kafka_IncrementalAlterConfigs(client.get(), all.data(), all.size(), how.get(), queue.get());
  must(kafka::await_answer(queue, kWithin, "changing a topic"));
}

}  // namespace mnemo
