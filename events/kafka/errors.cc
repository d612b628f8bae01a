#include "events/kafka/errors.h"

#include <fmt/format.h>

#include <map>

namespace mnemo::kafka {
namespace {

struct Entry {
  Meaning meaning;
  Code code;
  std::string_view hint;
};

constexpr std::string_view kOtherTopic =
    "the topic was deleted, or deleted and made again: put the log back that was there, or follow docs/kafka.md";
constexpr std::string_view kCredentials =
    "give this client the rights that docs/kafka.md lists, or the credentials of one that has them";

// Everything else is kRetry: librdkafka adds errors, most of them of the cluster's passing states.
const std::map<rd_kafka_resp_err_t, Entry>& entries() {
  static const std::map<rd_kafka_resp_err_t, Entry> known = {
      {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
       {Meaning::kRefuse, Code::kInvalidArgument, "max.message.bytes of the topic is below mnemo's limit of an event"}},
      {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
       {Meaning::kRefuse, Code::kInvalidArgument, "the batch is larger than the broker takes"}},
      {RD_KAFKA_RESP_ERR_INVALID_RECORD, {Meaning::kRefuse, Code::kInvalidArgument, "the broker refuses the record"}},
      {RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
       {Meaning::kRefuse, Code::kFailedPrecondition, "a policy of the cluster forbids it"}},
      {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, {Meaning::kRefuse, Code::kFailedPrecondition, kCredentials}},
      {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, {Meaning::kRefuse, Code::kFailedPrecondition, kCredentials}},
      {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, {Meaning::kRefuse, Code::kFailedPrecondition, kCredentials}},
      {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, {Meaning::kRefuse, Code::kFailedPrecondition, kCredentials}},
      {RD_KAFKA_RESP_ERR__AUTHENTICATION, {Meaning::kRefuse, Code::kFailedPrecondition, kCredentials}},
      {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, {Meaning::kStop, Code::kFailedPrecondition, kOtherTopic}},
      {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, {Meaning::kStop, Code::kFailedPrecondition, kOtherTopic}},
      {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, {Meaning::kStop, Code::kFailedPrecondition, kOtherTopic}},
      {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_ID, {Meaning::kStop, Code::kFailedPrecondition, kOtherTopic}},
      {RD_KAFKA_RESP_ERR_INCONSISTENT_TOPIC_ID, {Meaning::kStop, Code::kFailedPrecondition, kOtherTopic}},
      {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE,
       {Meaning::kStop, Code::kDataLoss, "the log does not have the record any more, or not yet"}},
      {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET,
       {Meaning::kStop, Code::kDataLoss, "the log does not have the record any more, or not yet"}},
      {RD_KAFKA_RESP_ERR__LOG_TRUNCATION,
       {Meaning::kStop, Code::kDataLoss, "the cluster has cut off records that were there"}},
      {RD_KAFKA_RESP_ERR__BAD_MSG, {Meaning::kStop, Code::kDataLoss, "a record's checksum does not fit"}},
      {RD_KAFKA_RESP_ERR_INVALID_MSG, {Meaning::kStop, Code::kDataLoss, "a record's checksum does not fit"}},
  };
  return known;
}

}  // namespace

Meaning meaning_of(rd_kafka_resp_err_t error) {
  const auto found = entries().find(error);
  return found == entries().end() ? Meaning::kRetry : found->second.meaning;
}

Error to_error(rd_kafka_resp_err_t error, std::string_view what, std::string_view detail) {
  const auto found = entries().find(error);
  const std::string_view text = detail.empty() ? std::string_view(rd_kafka_err2str(error)) : detail;
  if (found == entries().end()) {
    return {Code::kUnavailable, fmt::format("{}: {} ({})", what, text, rd_kafka_err2name(error)), true, 0};
  }
  return {found->second.code, fmt::format("{}: {} ({}): {}", what, text, rd_kafka_err2name(error), found->second.hint),
          false, 0};
}

}  // namespace mnemo::kafka
