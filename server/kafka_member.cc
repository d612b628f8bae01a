#include "server/kafka_member.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "events/genesis.h"
#include "events/uuid.h"

namespace mnemo {
namespace {

constexpr std::string_view kNoteMagic = "mnemo kafka 1";

// Makes what is missing, also where the log itself is there and some other topic is not.
Result<JoinedLog> open_or_make(const KafkaMember& member) {
  JoinedLog joined;
  auto log = KafkaLog::open(member.kafka);
  const bool absent = !log && log.error().code == Code::kNotFound;
  if (!log && !(absent && member.create_topics)) return fail(log.error());
  if (member.create_topics) {
    KafkaTopicsOptions topics = member.topics;
    if (log) topics.partitions = (*log)->identity().partitions;
    MNEMO_ASSIGN(joined.topics_made, create_topics(member.kafka, topics));
    if (absent) log = KafkaLog::open(member.kafka);
    if (!log) return fail(log.error());
  }
  joined.log = std::move(*log);
  return joined;
}

Result<FingerprintKey> secret_of(const KafkaMember& member, bool begun) {
  const std::filesystem::path& file = member.fingerprint_key;
  if (file.empty()) {
    if (!begun) return FingerprintKey::random();
    return fail(
        Code::kFailedPrecondition,
        "the log was made by another member, whose secret this one needs: give --fingerprint-key FILE, a copy of "
        "the fingerprint.key in the data directory of any member");
  }
  auto key = FingerprintKey::load(file);
  if (key || key.error().code != Code::kNotFound) return key;
  if (begun || !member.create_topics) {
    return fail(Code::kNotFound, fmt::format("there is no {}: --fingerprint-key names a copy of the fingerprint.key of "
                                             "any member of this log",
                                             file.string()));
  }
  FingerprintKey made = FingerprintKey::random();
  MNEMO_TRY(made.save(file));
  return made;
}

Result<bool> is_begun(Log& log) {
  for (uint32_t p = 0; p < log.identity().partitions; ++p) {
    MNEMO_ASSIGN(const uint64_t end, log.end(PartitionId(p)));
    if (end > 0) return true;
  }
  return false;
}

}  // namespace

Result<JoinedLog> join_kafka_log(const KafkaMember& member, const Clock& clock) {
  MNEMO_ASSIGN(JoinedLog joined, open_or_make(member));
  MNEMO_ASSIGN(const bool begun, is_begun(*joined.log));
  if (!begun && !member.create_topics) {
    return fail(Code::kFailedPrecondition,
                fmt::format("topic {} is empty: `mnemo topics create` begins a log on it, as does --create-topics",
                            events_topic(member.kafka)));
  }
  MNEMO_ASSIGN(joined.key, secret_of(member, begun));
  if (member.create_topics) {
    UuidGenerator ids(clock);
    MNEMO_TRY(begin_log(*joined.log, joined.key->check_value(), clock, ids));
  }
  // Also after what was appended just now: another may have been first.
  for (uint32_t p = 0; p < joined.log->identity().partitions; ++p) {
    MNEMO_TRY(check_first_record(*joined.log, PartitionId(p), joined.key->check_value()));
  }
  return joined;
}

Result<std::unique_ptr<KafkaLog>> rejoin_kafka_log(const KafkaMember& member, const LogIdentity& noted) {
  auto log = KafkaLog::open(member.kafka);
  if (!log && log.error().code == Code::kUnavailable) return KafkaLog::open_known(member.kafka, noted);
  if (!log) return log;
  const LogIdentity& found = (*log)->identity();
  if (found.log_id == noted.log_id && found.partitions == noted.partitions && found.epoch >= noted.epoch) return log;
  return fail(
      Code::kFailedPrecondition,
      fmt::format("topic {} is not the log that this data directory follows (log {} of {} partitions, not {} of "
                  "{}): it was deleted and made again, or --kafka-brokers names another cluster. Put the log "
                  "back, or begin anew with an empty data directory",
                  events_topic(member.kafka), to_hex(found.log_id), found.partitions, to_hex(noted.log_id),
                  noted.partitions));
}

std::string kafka_note(const KafkaMember& member, const LogIdentity& log) {
  return fmt::format("{}\ntopic {}\nlog {}\nepoch {}\npartitions {}\n", kNoteMagic, events_topic(member.kafka),
                     to_hex(log.log_id), log.epoch, log.partitions);
}

Result<LogIdentity> parse_kafka_note(std::string_view text, const KafkaMember& member) {
  std::istringstream lines{std::string(text)};
  std::string magic;
  std::getline(lines, magic);
  std::string name;
  std::string topic;
  std::string log_hex;
  LogIdentity log;
  const bool read = static_cast<bool>(lines >> name >> topic) && name == "topic" &&
                    static_cast<bool>(lines >> name >> log_hex) && name == "log" &&
                    static_cast<bool>(lines >> name >> log.epoch) && name == "epoch" &&
                    static_cast<bool>(lines >> name >> log.partitions) && name == "partitions";
  const auto id = from_hex(log_hex);
  const bool whole = magic == kNoteMagic && read && id && id->size() == log.log_id.size() && log.partitions > 0 &&
                     log.partitions <= limits::kPartitionsMax;
  if (!whole) {
    return fail(Code::kDataLoss,
                "the file KAFKA of the data directory is damaged: begin anew with an empty one, and --fingerprint-key; "
                "the projections are made again from the log");
  }
  std::ranges::copy(*id, log.log_id.begin());
  if (topic == events_topic(member.kafka)) return log;
  return fail(
      Code::kFailedPrecondition,
      fmt::format("the data directory follows topic {}, not {}: give the --topic-prefix that it was made with, or "
                  "another --data",
                  topic, events_topic(member.kafka)));
}

}  // namespace mnemo
