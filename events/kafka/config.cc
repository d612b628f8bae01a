#include "events/kafka/config.h"

#include <fmt/format.h>

#include <array>
#include <set>
#include <string_view>

namespace mnemo::kafka {
namespace {

using Setting = std::pair<const char*, const char*>;

// What the log's promises rest on, or what only its own code can answer.
const std::set<std::string, std::less<>>& own_properties() {
  static const std::set<std::string, std::less<>> names = {"bootstrap.servers",
                                                           "metadata.broker.list",
                                                           "enable.idempotence",
                                                           "acks",
                                                           "request.required.acks",
                                                           "message.timeout.ms",
                                                           "delivery.timeout.ms",
                                                           "transactional.id",
                                                           "isolation.level",
                                                           "auto.offset.reset",
                                                           "check.crcs",
                                                           "enable.auto.commit",
                                                           "enable.auto.offset.store",
                                                           "enable.partition.eof",
                                                           "group.id",
                                                           "allow.auto.create.topics",
                                                           "message.send.max.retries",
                                                           "retries",
                                                           "enable.gapless.guarantee"};
  return names;
}

Status set(rd_kafka_conf_t* config, const std::string& name, const std::string& value) {
  std::array<char, 512> why{};
  if (rd_kafka_conf_set(config, name.c_str(), value.c_str(), why.data(), why.size()) == RD_KAFKA_CONF_OK) return {};
  return fail(Code::kInvalidArgument, fmt::format("Kafka property {}={}: {}", name, value, why.data()));
}

// That a broker is down is what KafkaLog::trouble() is for: librdkafka says so every second, of each client.
constexpr std::string_view kDownFacility = "ERROR";
constexpr int kDebugLevel = 7;

void log_to(const rd_kafka_t* client, int level, const char* facility, const char* message) {
  const auto* const options = static_cast<const KafkaOptions*>(rd_kafka_opaque(client));
  if (options == nullptr || !options->on_log) return;
  options->on_log(facility == kDownFacility ? kDebugLevel : level, message);
}

// What the user sets comes after what is only a better default, and never meets what is neither.
Result<Conf> config_of(const KafkaOptions& options, std::initializer_list<Setting> defaults,
                       std::initializer_list<Setting> fixed) {
  if (options.brokers.empty()) {
    return fail(Code::kInvalidArgument, "no Kafka broker is named: give --kafka-brokers HOST:PORT[,HOST:PORT...]");
  }
  Conf config(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(config.get(), log_to);
  // librdkafka hands it back as what it is.
  rd_kafka_conf_set_opaque(config.get(), const_cast<KafkaOptions*>(&options));
  MNEMO_TRY(set(config.get(), "bootstrap.servers", options.brokers));
  MNEMO_TRY(set(config.get(), "client.id", "mnemo"));
  MNEMO_TRY(set(config.get(), "reconnect.backoff.max.ms", "1000"));
  for (const auto& [name, value] : defaults) MNEMO_TRY(set(config.get(), name, value));
  for (const auto& [name, value] : options.properties) {
    if (own_properties().contains(name)) {
      return fail(Code::kInvalidArgument, fmt::format("Kafka property {}: mnemo sets it itself: leave it out", name));
    }
    MNEMO_TRY(set(config.get(), name, value));
  }
  MNEMO_TRY(set(config.get(), "allow.auto.create.topics", "false"));
  for (const auto& [name, value] : fixed) MNEMO_TRY(set(config.get(), name, value));
  return config;
}

}  // namespace

Result<Conf> producer_config(const KafkaOptions& options) {
  // Records wait in mnemo's own bounded queue, so librdkafka's only has to be larger.
  return config_of(
      options,
      {{"linger.ms", "1"}, {"compression.codec", "lz4"}, {"batch.size", "1000000"}, {"message.max.bytes", "1048576"}},
      {{"enable.idempotence", "true"},
       {"acks", "all"},
       {"message.timeout.ms", "0"},
       {"queue.buffering.max.messages", "0"},
       {"queue.buffering.max.kbytes", "2097151"}});
}

Result<Conf> consumer_config(const KafkaOptions& options) {
  return config_of(options,
                   {{"fetch.wait.max.ms", "200"},
                    {"fetch.queue.backoff.ms", "5"},
                    {"queued.min.messages", "20000"},
                    {"queued.max.messages.kbytes", "8192"}},
                   {{"isolation.level", "read_committed"},
                    {"auto.offset.reset", "error"},
                    {"check.crcs", "true"},
                    {"enable.auto.commit", "false"},
                    {"enable.auto.offset.store", "false"},
                    {"enable.partition.eof", "true"}});
}

Result<Client> make_client(rd_kafka_type_t type, Conf config) {
  std::array<char, 512> why{};
  Client client(rd_kafka_new(type, config.get(), why.data(), why.size()));
  if (client == nullptr) {
    return fail(Code::kInvalidArgument, fmt::format("librdkafka refuses its configuration: {}", why.data()));
  }
  static_cast<void>(config.release());  // the client's now
  return client;
}

}  // namespace mnemo::kafka
