#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "events/envelope.h"
#include "events/kafka/admin.h"
#include "events/kafka/consumers.h"
#include "events/kafka/producer.h"
#include "events/kafka/reader.h"
#include "events/kafka/topic.h"
#include "events/log_checks.h"
#include "events/log_kafka.h"

namespace mnemo {
namespace {

using kafka::Consumers;
using kafka::Ends;
using kafka::TopicFacts;

constexpr auto kCloseWithin = std::chrono::seconds(10);

class TopicLog final : public KafkaLog {
 public:
  TopicLog(KafkaOptions options, const LogIdentity& identity)
      : options_(std::move(options)), topic_(events_topic(options_)), identity_(identity), consumers_(options_) {}
  ~TopicLog() override { static_cast<void>(close()); }

  Status start() {
    MNEMO_ASSIGN(producer_, kafka::Producer::open(options_, identity_));
    watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
    return {};
  }

  // Which log it is: what open() learns, and open_known() is told.
  Status learn() {
    MNEMO_ASSIGN(rd_kafka_t* const client, consumers_.client());
    MNEMO_ASSIGN(const TopicFacts facts, kafka::describe_topic(client, topic_, options_.answer_within));
    identity_.log_id = facts.id;
    identity_.partitions = facts.partitions;
    MNEMO_TRY(check_fit(facts, options_.allow_finite));
    warnings_ = topic_warnings(facts);
    MNEMO_ASSIGN(identity_.epoch, first_epoch());
    return {};
  }

  const LogIdentity& identity() const override { return identity_; }

  Status append(std::vector<NewRecord> records, AppendDone done) override {
    if (std::optional<Error> why = refusal()) return fail(std::move(*why));
    return producer_->append(std::move(records), std::move(done));
  }

  Result<std::unique_ptr<LogReader>> read(PartitionId partition, uint64_t offset) override {
    MNEMO_ASSIGN(const Ends at, ends(partition));
    MNEMO_TRY(check_offset(partition, offset, at.end));
    if (offset < at.begin) {
      return fail(Code::kOutOfRange, fmt::format("partition {} begins at offset {}: {} is not kept any more",
                                                 partition.value, at.begin, offset));
    }
    return reader(partition, offset);
  }

  Result<uint64_t> begin(PartitionId partition) const override {
    MNEMO_ASSIGN(const Ends at, ends(partition));
    return at.begin;
  }
  Result<uint64_t> end(PartitionId partition) const override {
    MNEMO_ASSIGN(const Ends at, ends(partition));
    return at.end;
  }

  Status close() override {
    watcher_ = {};
    return producer_ ? producer_->close(std::chrono::steady_clock::now() + kCloseWithin) : Status{};
  }

  std::optional<Error> trouble() const override {
    const std::lock_guard lock(mutex_);
    return trouble_;
  }
  std::vector<std::string> warnings() const override {
    const std::lock_guard lock(mutex_);
    return warnings_;
  }

 private:
  // What is only out of reach may come back any time, and appends wait for it.
  std::optional<Error> refusal() const {
    std::optional<Error> why = trouble();
    if (why && why->code == Code::kUnavailable) why.reset();
    return why;
  }

  Result<Ends> ends(PartitionId partition) const {
    MNEMO_TRY(check_partition(partition, identity_.partitions));
    if (std::optional<Error> why = trouble()) return fail(std::move(*why));  // known already: nobody waits for it again
    MNEMO_ASSIGN(rd_kafka_t* const client, consumers_.client());
    return kafka::ends_of(client, topic_, partition, options_.answer_within);
  }

  Result<std::unique_ptr<LogReader>> reader(PartitionId partition, uint64_t offset) {
    MNEMO_ASSIGN(auto lease, consumers_.lease(partition));
    return std::make_unique<kafka::Reader>(std::move(lease), Position{partition, identity_.epoch, offset},
                                           [this] { return trouble(); });
  }

  // Of the record that a log begins with; 1 where it has none yet, or begins later.
  Result<uint32_t> first_epoch() {
    const PartitionId first{0};
    MNEMO_ASSIGN(const Ends at, ends(first));
    if (at.begin == at.end) return 1;
    MNEMO_ASSIGN(const auto from_begin, reader(first, at.begin));
    const Deadline deadline = std::chrono::steady_clock::now() + options_.answer_within;
    MNEMO_ASSIGN(const auto records, from_begin->poll({.records = 1, .bytes = 1}, deadline));
    if (records.empty()) {
      return fail(Code::kUnavailable, fmt::format("Kafka did not give the first record of {} in time", topic_), true);
    }
    v1::Envelope envelope;
    const bool started = decode(records.front().value, envelope) && envelope.has_epoch_started();
    return started ? envelope.epoch_started().epoch() : 1;
  }

  std::optional<Error> look() {
    const auto client = consumers_.client();
    if (!client) return client.error();
    const auto facts = kafka::describe_topic(*client, topic_, options_.answer_within);
    if (!facts) {
      Error why = facts.error();
      if (why.code == Code::kNotFound) {
        why.code = Code::kFailedPrecondition;
        why.message = fmt::format("topic {} is gone, and the log with it: restore it, or follow docs/kafka.md", topic_);
      }
      return why;
    }
    {
      const std::lock_guard lock(mutex_);
      warnings_ = topic_warnings(*facts);
    }
    if (facts->id != identity_.log_id) {
      return Error{Code::kFailedPrecondition,
                   fmt::format("topic {} is not the one that it was (its id is {}, not {}): it was deleted and made "
                               "again. Restore the log, or follow docs/kafka.md to begin anew",
                               topic_, to_hex(facts->id), to_hex(identity_.log_id)),
                   false, 0};
    }
    if (facts->partitions != identity_.partitions) {
      return Error{
          Code::kFailedPrecondition,
          fmt::format("topic {} has {} partitions, the log has {}: agents would move between partitions. Their "
                      "number is for ever; `mnemo log copy` makes a log of another",
                      topic_, facts->partitions, identity_.partitions),
          false, 0};
    }
    const Status fit = check_fit(*facts, options_.allow_finite);
    return fit ? std::optional<Error>() : fit.error();
  }

  void watch(const std::stop_token& stop) {
    std::mutex sleeping;
    std::condition_variable_any woken;
    while (!stop.stop_requested()) {
      std::optional<Error> found = look();
      {
        const std::lock_guard lock(mutex_);
        trouble_ = std::move(found);
      }
      std::unique_lock lock(sleeping);
      woken.wait_for(lock, stop, options_.watch_every, [] { return false; });
    }
  }

  const KafkaOptions options_;
  const std::string topic_;
  LogIdentity identity_;
  mutable Consumers consumers_;
  mutable std::mutex mutex_;
  std::optional<Error> trouble_;       // guarded by mutex_
  std::vector<std::string> warnings_;  // guarded by mutex_
  std::unique_ptr<kafka::Producer> producer_;
  std::jthread watcher_;
};

}  // namespace

std::string events_topic(const KafkaOptions& options) { return options.topic_prefix + ".events"; }

Result<std::unique_ptr<KafkaLog>> KafkaLog::open(const KafkaOptions& options) {
  auto log = std::make_unique<TopicLog>(options, LogIdentity{});
  MNEMO_TRY(log->learn());
  MNEMO_TRY(log->start());
  return log;
}

Result<std::unique_ptr<KafkaLog>> KafkaLog::open_known(const KafkaOptions& options, const LogIdentity& identity) {
  auto log = std::make_unique<TopicLog>(options, identity);
  MNEMO_TRY(log->start());
  return log;
}

}  // namespace mnemo
