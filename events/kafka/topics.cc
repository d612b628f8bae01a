#include <fmt/format.h>

#include <array>
#include <thread>
#include <utility>

#include "events/kafka/admin.h"
#include "events/kafka/config.h"
#include "events/kafka/errors.h"
#include "events/kafka/topic.h"
#include "events/log_kafka_topics.h"

namespace mnemo {
namespace {

using kafka::NewTopic;

struct Plan {
  std::string name;
  std::vector<std::pair<std::string, std::string>> config;
};

constexpr const char* kDayMs = "86400000";
constexpr const char* kForEver = "-1";
constexpr const char* kMessageBytes = "1048576";

std::vector<Plan> plans(const KafkaOptions& options, const KafkaTopicsOptions& topics) {
  std::vector<Plan> all = {
      {events_topic(options),
       {{"cleanup.policy", "delete"},
        {"retention.ms", kForEver},
        {"retention.bytes", kForEver},
        {"message.timestamp.type", "LogAppendTime"},
        {"max.message.bytes", kMessageBytes}}},
      {invalidations_topic(options), {{"cleanup.policy", "delete"}, {"retention.ms", kDayMs}}},
      {digests_topic(options), {{"cleanup.policy", "compact"}}},
      {deadletters_topic(options),
       {{"cleanup.policy", "delete"},
        {"retention.ms", kForEver},
        {"retention.bytes", kForEver},
        {"max.message.bytes", kMessageBytes}}},
  };
  if (!topics.min_insync_replicas) return all;
  for (Plan& plan : all) {
    plan.config.emplace_back("min.insync.replicas", std::to_string(*topics.min_insync_replicas));
  }
  return all;
}

Status check(const KafkaTopicsOptions& topics) {
  if (topics.partitions == 0 || topics.partitions > limits::kPartitionsMax) {
    return fail(Code::kInvalidArgument,
                fmt::format("{} partitions: a log has 1 to {}", topics.partitions, limits::kPartitionsMax));
  }
  constexpr uint32_t kReplicasMax = 100;
  for (const auto& number : {topics.replication, topics.min_insync_replicas}) {
    if (!number || (*number >= 1 && *number <= kReplicasMax)) continue;
    return fail(Code::kInvalidArgument, fmt::format("{} replicas: give 1 to {}", *number, kReplicasMax));
  }
  if (topics.replication && topics.min_insync_replicas && *topics.min_insync_replicas > *topics.replication) {
    return fail(Code::kInvalidArgument,
                fmt::format("min.insync.replicas of {} are more than the {} replicas: nothing could be written",
                            *topics.min_insync_replicas, *topics.replication));
  }
  return {};
}

Result<NewTopic> new_topic(const Plan& plan, const KafkaTopicsOptions& topics) {
  std::array<char, 256> why{};
  const int replication = topics.replication ? static_cast<int>(*topics.replication) : -1;
  NewTopic topic(rd_kafka_NewTopic_new(plan.name.c_str(), static_cast<int>(topics.partitions), replication, why.data(),
                                       why.size()));
  if (topic == nullptr) return fail(Code::kInvalidArgument, fmt::format("topic {}: {}", plan.name, why.data()));
  for (const auto& [name, value] : plan.config) {
    rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
  }
  return topic;
}

// What the broker answered for each; those that were there already are left out.
Result<std::vector<std::string>> made_of(const kafka::Event& event) {
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  std::vector<std::string> made;
  for (size_t i = 0; i < count; ++i) {
    const std::string name = rd_kafka_topic_result_name(results[i]);
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      const char* detail = rd_kafka_topic_result_error_string(results[i]);
      return fail(kafka::to_error(error, "making topic " + name, detail != nullptr ? detail : ""));
    }
    made.push_back(name);
  }
  return made;
}

// A topic that was just made is not known to every broker yet, nor led by one.
Status wait_until_led(rd_kafka_t* client, const KafkaOptions& options, const std::vector<std::string>& made,
                      uint32_t partitions) {
  const auto until = std::chrono::steady_clock::now() + options.answer_within;
  for (const std::string& topic : made) {
    while (true) {
      const auto facts = kafka::describe_topic(client, topic, options.answer_within);
      if (facts && facts->partitions == partitions) break;
      if (std::chrono::steady_clock::now() >= until) {
        return fail(Code::kUnavailable, fmt::format("topic {} was made, and is not there yet: ask again", topic), true);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    for (uint32_t p = 0; p < partitions; ++p) {
      MNEMO_TRY(kafka::ends_of(client, topic, PartitionId(p), options.answer_within));
    }
  }
  return {};
}

}  // namespace

std::string invalidations_topic(const KafkaOptions& options) { return options.topic_prefix + ".invalidations"; }
std::string digests_topic(const KafkaOptions& options) { return options.topic_prefix + ".digests"; }
std::string deadletters_topic(const KafkaOptions& options) { return options.topic_prefix + ".deadletters"; }

Result<std::vector<std::string>> create_topics(const KafkaOptions& options, const KafkaTopicsOptions& topics) {
  MNEMO_TRY(check(topics));
  MNEMO_ASSIGN(kafka::Conf config, kafka::consumer_config(options));
  MNEMO_ASSIGN(const kafka::Client client, kafka::make_client(RD_KAFKA_CONSUMER, std::move(config)));
  std::vector<NewTopic> wanted;
  std::vector<rd_kafka_NewTopic_t*> handles;
  for (const Plan& plan : plans(options, topics)) {
    MNEMO_ASSIGN(NewTopic topic, new_topic(plan, topics));
    handles.push_back(topic.get());
    wanted.push_back(std::move(topic));
  }
  MNEMO_ASSIGN(const auto admin,
               kafka::admin_options(client.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS, options.answer_within));
  const kafka::Queue queue(rd_kafka_queue_new(client.get()));
  rd_kafka_CreateTopics(client.get(), handles.data(), handles.size(), admin.get(), queue.get());
  MNEMO_ASSIGN(const kafka::Event event,
               kafka::await_answer(queue, options.answer_within, "making the topics of " + options.topic_prefix));
  MNEMO_ASSIGN(auto made, made_of(event));
  MNEMO_TRY(wait_until_led(client.get(), options, made, topics.partitions));
  return made;
}

}  // namespace mnemo
