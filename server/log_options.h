// File: server/log_options.h
// Where a command's log is: in the data directory, or on Kafka.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/cli.h"
#include "server/kafka_member.h"

namespace mnemo {

struct LogOptions {
  std::string kind = "embedded";
  std::string kafka_brokers;
  std::string topic_prefix = "mnemo";
  std::vector<std::string> kafka_properties;  // NAME=VALUE
  std::string kafka_properties_file;          // the same, a line each; # begins a comment
  std::string fingerprint_key;
  bool create_topics = false;
  uint32_t replication = 0;          // 0: the brokers' default
  uint32_t min_insync_replicas = 0;  // likewise
  bool allow_finite_log = false;

  // INVALID_ARGUMENT: options of Kafka without it, and the like.
  Status check() const;
  // Nothing for the embedded log. INVALID_ARGUMENT, NOT_FOUND: a property, or the file of them.
  Result<std::optional<KafkaMember>> member(const CommonOptions& common) const;
};

// --log and everything that Kafka needs; each is an environment variable, too (MNEMO_KAFKA_BROKERS).
void add_log_options(CLI::App* command, LogOptions& options);
// The same without the choice: of commands that are Kafka's.
void add_kafka_options(CLI::App* command, LogOptions& options);

// "--tls-cert" as MNEMO_TLS_CERT.
std::string environment_name(std::string_view option);
// add_text(), with that variable and the default in the help.
CLI::Option* add_named(CLI::App* command, const std::string& name, std::string& value, const std::string& about);

}  // namespace mnemo
