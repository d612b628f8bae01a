#include "events/kafka/topic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "events/kafka/admin.h"
#include "events/kafka/errors.h"
#include "events/limits.h"

namespace mnemo::kafka {
namespace {

std::string ask_text(const std::string& topic) { return fmt::format("asking Kafka for topic {}", topic); }

Bytes16 bytes_of(const rd_kafka_Uuid_t* uuid) {
  Bytes16 bytes{};
  const auto high = static_cast<uint64_t>(rd_kafka_Uuid_most_significant_bits(uuid));
  const auto low = static_cast<uint64_t>(rd_kafka_Uuid_least_significant_bits(uuid));
  for (size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<uint8_t>(high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<uint8_t>(low >> (56 - 8 * i));
  }
  return bytes;
}

Status describe_partitions(rd_kafka_t* client, std::chrono::milliseconds timeout, TopicFacts& facts) {
  const std::string what = ask_text(facts.name);
  MNEMO_ASSIGN(const AdminOptions options, admin_options(client, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, timeout));
  std::array<const char*, 1> names{facts.name.c_str()};
  const TopicNames topics(rd_kafka_TopicCollection_of_topic_names(names.data(), names.size()));
  const Queue queue(rd_kafka_queue_new(client));
  rd_kafka_DescribeTopics(client, topics.get(), options.get(), queue.get());
  MNEMO_ASSIGN(const Event event, await_answer(queue, timeout, what));
  size_t count = 0;
  const rd_kafka_TopicDescription_t** all =
      rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event.get()), &count);
  if (count != 1) return fail(Code::kUnavailable, what + ": the answer names another number of topics", true);
  const rd_kafka_error_t* error = rd_kafka_TopicDescription_error(all[0]);
  if (const rd_kafka_resp_err_t code = rd_kafka_error_code(error); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
      return fail(
          Code::kNotFound,
          fmt::format("Kafka has no topic {}: `mnemo topics create` makes it, as does --create-topics", facts.name));
    }
    return fail(to_error(code, what, rd_kafka_error_string(error)));
  }
  facts.id = bytes_of(rd_kafka_TopicDescription_topic_id(all[0]));
  size_t partitions = 0;
  const rd_kafka_TopicPartitionInfo_t** infos = rd_kafka_TopicDescription_partitions(all[0], &partitions);
  facts.partitions = static_cast<uint32_t>(partitions);
  for (size_t i = 0; i < partitions; ++i) {
    size_t replicas = 0;
    rd_kafka_TopicPartitionInfo_replicas(infos[i], &replicas);
    facts.replicas =
        i == 0 ? static_cast<uint32_t>(replicas) : std::min(facts.replicas, static_cast<uint32_t>(replicas));
  }
  return {};
}

Status describe_config(rd_kafka_t* client, std::chrono::milliseconds timeout, TopicFacts& facts) {
  const std::string what = ask_text(facts.name);
  MNEMO_ASSIGN(const AdminOptions options, admin_options(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout));
  const ConfigResource resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, facts.name.c_str()));
  std::array<rd_kafka_ConfigResource_t*, 1> resources{resource.get()};
  const Queue queue(rd_kafka_queue_new(client));
  rd_kafka_DescribeConfigs(client, resources.data(), resources.size(), options.get(), queue.get());
  MNEMO_ASSIGN(const Event event, await_answer(queue, timeout, what));
  size_t count = 0;
  const rd_kafka_ConfigResource_t** all =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  if (count != 1) return fail(Code::kUnavailable, what + ": the answer has no configuration", true);
  if (const auto error = rd_kafka_ConfigResource_error(all[0]); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fail(to_error(error, what, rd_kafka_ConfigResource_error_string(all[0])));
  }
  size_t entries = 0;
  const rd_kafka_ConfigEntry_t** entry = rd_kafka_ConfigResource_configs(all[0], &entries);
  for (size_t i = 0; i < entries; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entry[i]);
    facts.config[rd_kafka_ConfigEntry_name(entry[i])] = value != nullptr ? value : "";
  }
  return {};
}

std::string_view value_of(const TopicFacts& facts, std::string_view name) {
  const auto found = facts.config.find(name);
  return found == facts.config.end() ? std::string_view() : std::string_view(found->second);
}

tl::unexpected<Error> unfit(const TopicFacts& facts, std::string_view name, std::string_view why,
                            std::string_view instead) {
  return fail(Code::kFailedPrecondition, fmt::format("topic {} has {}={}, {}: set {}={}", facts.name, name,
                                                     value_of(facts, name), why, name, instead));
}

constexpr uint64_t kMessageBytesMin = 1 << 20;  // an event of kEventBytesMax with its key and Kafka's framing

}  // namespace

Result<TopicFacts> describe_topic(rd_kafka_t* client, const std::string& topic, std::chrono::milliseconds timeout) {
  TopicFacts facts;
  facts.name = topic;
  MNEMO_TRY(describe_partitions(client, timeout, facts));
  MNEMO_TRY(describe_config(client, timeout, facts));
  return facts;
}

Status check_fit(const TopicFacts& facts, bool allow_finite) {
  if (facts.partitions == 0 || facts.partitions > limits::kPartitionsMax) {
    return fail(Code::kFailedPrecondition, fmt::format("topic {} has {} partitions, a log has 1 to {}", facts.name,
                                                       facts.partitions, limits::kPartitionsMax));
  }
  constexpr std::string_view kGoes = "so that events would go that projections are made from";
  if (!allow_finite) {
    if (value_of(facts, "cleanup.policy") != "delete") return unfit(facts, "cleanup.policy", kGoes, "delete");
    for (const std::string_view name : {"retention.ms", "retention.bytes"}) {
      if (value_of(facts, name) != "-1") return unfit(facts, name, kGoes, "-1");
    }
  }
  if (value_of(facts, "message.timestamp.type") != "LogAppendTime") {
    return unfit(facts, "message.timestamp.type", "so that a producer's clock would decide when things were appended",
                 "LogAppendTime");
  }
  const std::string bytes(value_of(facts, "max.message.bytes"));
  if (std::strtoull(bytes.c_str(), nullptr, 10) < kMessageBytesMin) {
    return unfit(facts, "max.message.bytes", "less than an event may have", std::to_string(kMessageBytesMin));
  }
  return {};
}

std::vector<std::string> topic_warnings(const TopicFacts& facts) {
  std::vector<std::string> warnings;
  if (facts.replicas == 1) {
    warnings.push_back(fmt::format(
        "topic {} has replication factor 1: an acknowledgement survives neither the broker's disk nor a loss of power",
        facts.name));
  } else if (value_of(facts, "min.insync.replicas") == "1") {
    warnings.push_back(
        fmt::format("topic {} has min.insync.replicas=1: an acknowledgement may be one broker's alone", facts.name));
  }
  if (value_of(facts, "unclean.leader.election.enable") == "true") {
    warnings.push_back(
        fmt::format("topic {} has unclean.leader.election.enable=true: an election may lose events", facts.name));
  }
  return warnings;
}

}  // namespace mnemo::kafka
