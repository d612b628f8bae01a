#include "server/log_options.h"

#include <fmt/format.h>

#include <fstream>
#include <utility>

namespace mnemo {
namespace {

constexpr uint32_t kReplicasMax = 100;

std::string trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

using Property = std::pair<std::string, std::string>;

Result<Property> property_of(std::string_view text, std::string_view where) {
  const size_t equals = text.find('=');
  if (equals != std::string_view::npos && equals > 0) {
    return Property{trimmed(text.substr(0, equals)), trimmed(text.substr(equals + 1))};
  }
  return fail(Code::kInvalidArgument,
              fmt::format("{}: this is no NAME=VALUE; librdkafka's CONFIGURATION.md lists the names", where));
}

// Values are passwords, too: a bad line is named by its number.
Result<std::vector<Property>> properties_in(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(Code::kNotFound, fmt::format("--kafka-properties {}: the file cannot be read", path));
  std::vector<Property> properties;
  std::string line;
  for (size_t number = 1; std::getline(file, line); ++number) {
    const std::string text = trimmed(line);
    if (text.empty() || text.front() == '#') continue;
    MNEMO_ASSIGN(Property property, property_of(text, fmt::format("--kafka-properties {}:{}", path, number)));
    properties.push_back(std::move(property));
  }
  return properties;
}

}  // namespace

std::string environment_name(std::string_view option) {
  std::string name = "MNEMO_";
  for (const char c : option.substr(2)) {
    name.push_back(c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  }
  return name;
}

CLI::Option* add_named(CLI::App* command, const std::string& name, std::string& value, const std::string& about) {
  return add_text(command, name, value, about)->envname(environment_name(name))->capture_default_str();
}

Status LogOptions::check() const {
  if (kind == "kafka") {
    if (!kafka_brokers.empty()) return {};
    return fail(Code::kInvalidArgument, "--log kafka needs --kafka-brokers HOST:PORT[,HOST:PORT...]");
  }
  if (kind != "embedded") {
    return fail(Code::kInvalidArgument, fmt::format("--log {}: there are embedded and kafka", kind));
  }
  const bool kafkas = !kafka_brokers.empty() || !kafka_properties.empty() || !kafka_properties_file.empty() ||
                      !fingerprint_key.empty() || create_topics || allow_finite_log;
  if (!kafkas) return {};
  return fail(Code::kInvalidArgument, "options of Kafka are given, and --log kafka is not: give it, or leave them out");
}

Result<std::optional<KafkaMember>> LogOptions::member(const CommonOptions& common) const {
  if (kind != "kafka") return std::optional<KafkaMember>();
  KafkaMember member;
  member.kafka.brokers = kafka_brokers;
  member.kafka.topic_prefix = topic_prefix;
  member.kafka.allow_finite = allow_finite_log;
  if (!kafka_properties_file.empty()) {
    MNEMO_ASSIGN(member.kafka.properties, properties_in(kafka_properties_file));
  }
  for (const std::string& text : kafka_properties) {
    MNEMO_ASSIGN(Property property, property_of(text, "--kafka-property"));
    member.kafka.properties.push_back(std::move(property));
  }
  member.create_topics = create_topics;
  if (common.partitions != 0) member.topics.partitions = common.partitions;
  if (replication != 0) member.topics.replication = replication;
  if (min_insync_replicas != 0) member.topics.min_insync_replicas = min_insync_replicas;
  member.fingerprint_key = fingerprint_key;
  return std::optional<KafkaMember>(std::move(member));
}

void add_kafka_options(CLI::App* command, LogOptions& options) {
  add_named(command, "--kafka-brokers", options.kafka_brokers, "where Kafka is, HOST:PORT[,HOST:PORT...]");
  add_named(command, "--topic-prefix", options.topic_prefix, "what the names of the topics begin with");
  add_texts(command, "--kafka-property", options.kafka_properties, "NAME=VALUE for librdkafka; once for each")
      ->envname("MNEMO_KAFKA_PROPERTY");
  add_path(command, "--kafka-properties", options.kafka_properties_file, "file of such properties, a line each")
      ->envname("MNEMO_KAFKA_PROPERTIES");
  add_path(command, "--fingerprint-key", options.fingerprint_key,
           "copy of the fingerprint.key of any member of the log: a new member needs it")
      ->envname("MNEMO_FINGERPRINT_KEY");
  add_number(command, "--replication", options.replication, 1, kReplicasMax, "replicas of topics that are made now")
      ->envname("MNEMO_REPLICATION");
  add_number(command, "--min-insync-replicas", options.min_insync_replicas, 1, kReplicasMax,
             "how many of them acknowledge, likewise")
      ->envname("MNEMO_MIN_INSYNC_REPLICAS");
}

void add_log_options(CLI::App* command, LogOptions& options) {
  add_named(command, "--log", options.kind, "where events are kept: embedded (in the data directory) or kafka");
  add_kafka_options(command, options);
  command->add_flag("--create-topics", options.create_topics, "make the topics where they are not there")
      ->envname("MNEMO_CREATE_TOPICS");
  command
      ->add_flag("--allow-finite-log", options.allow_finite_log,
                 "serve also where retention or compaction may take events away")
      ->envname("MNEMO_ALLOW_FINITE_LOG");
}

}  // namespace mnemo
