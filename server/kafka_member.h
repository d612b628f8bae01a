// File: server/kafka_member.h
// How a process becomes a member of a log on Kafka: it finds the topic, or makes it where it may, and has the log's
// fingerprint secret.
//
// What a data directory notes of that log lies in its file KAFKA, lines of NAME and value:
//
//   mnemo kafka 1
//   topic mnemo.events
//   log 0123456789abcdef0123456789abcdef
//   epoch 1
//   partitions 8
//
// Not thread-safe.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/clock.h"
#include "events/fingerprint.h"
#include "events/log_kafka.h"
#include "events/log_kafka_topics.h"

namespace mnemo {

struct KafkaMember {
  KafkaOptions kafka;
  bool create_topics = false;  // those that are not there
  KafkaTopicsOptions topics;   // of topics that are made now
  // The log's secret, which its other members have: read from here. Empty: a data directory that is new, of a log that
  // this process makes, gets one of its own. Named and not there, with `create_topics`: it is made here.
  std::filesystem::path fingerprint_key;
};

// The log and its secret, for who has neither yet. The topics are made where that is asked for, and the log begun where
// it is empty. FAILED_PRECONDITION: the log has another secret, or no secret was named. Errors of KafkaLog::open().
struct JoinedLog {
  std::unique_ptr<KafkaLog> log;
  std::optional<FingerprintKey> key;
  std::vector<std::string> topics_made;  // now
};
Result<JoinedLog> join_kafka_log(const KafkaMember& member, const Clock& clock);

// The log that a directory has noted, also while no broker answers. FAILED_PRECONDITION: the topic is not that log.
Result<std::unique_ptr<KafkaLog>> rejoin_kafka_log(const KafkaMember& member, const LogIdentity& noted);

// The file KAFKA's text, and back. DATA_LOSS: damaged; FAILED_PRECONDITION: of another topic than the member's.
std::string kafka_note(const KafkaMember& member, const LogIdentity& log);
Result<LogIdentity> parse_kafka_note(std::string_view text, const KafkaMember& member);

}  // namespace mnemo
