#include "events/kafka/producer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "events/kafka/config.h"
#include "events/kafka/errors.h"

namespace mnemo::kafka {
namespace {

constexpr int kPollMs = 100;      // between two looks at what is to be sent again, and at the end
constexpr int kSendAgainMs = 50;  // between two tries of what could not be sent
constexpr auto kPurgeWithin = std::chrono::seconds(5);

}  // namespace

Producer::Producer(KafkaOptions options, const LogIdentity& identity)
    : options_(std::move(options)),
      topic_name_(events_topic(options_)),
      identity_(identity),
      limits_{options_.queue_records_max, options_.queue_bytes_max} {}

Result<std::unique_ptr<Producer>> Producer::open(const KafkaOptions& options, const LogIdentity& identity) {
  std::unique_ptr<Producer> producer(new Producer(options, identity));
  MNEMO_TRY(producer->connect());
  producer->thread_ = std::jthread([p = producer.get()](const std::stop_token& stop) { p->serve(stop); });
  return producer;
}

Producer::~Producer() { static_cast<void>(close(std::chrono::steady_clock::now())); }

Status Producer::connect() {
  MNEMO_ASSIGN(Conf config, producer_config(options_));
  rd_kafka_conf_set_events(config.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  MNEMO_ASSIGN(Client client, make_client(RD_KAFKA_PRODUCER, std::move(config)));
  queue_.reset(rd_kafka_queue_get_main(client.get()));
  const MutexLock lock(mutex_);
  topic_.reset(rd_kafka_topic_new(client.get(), topic_name_.c_str(), nullptr));
  client_ = std::move(client);
  return {};
}

Status Producer::append(std::vector<NewRecord> records, Log::AppendDone done) {
  MNEMO_ASSIGN(const size_t bytes, check_records(records, identity_.partitions, limits_));
  auto group = std::make_unique<Group>();
  group->slots.assign(records.size(), Slot{group.get(), State::kUnsent, {}});
  group->left = records.size();
  group->bytes = bytes;
  group->records = std::move(records);
  group->done = std::move(done);

  const MutexLock lock(mutex_);
  if (closed_) return fail(Code::kUnavailable, "the log is closed");
  if (waiting_records_ + group->records.size() > limits_.records || waiting_bytes_ + bytes > limits_.bytes) {
    return fail(queue_full(waiting_records_, waiting_bytes_));
  }
  waiting_records_ += group->records.size();
  waiting_bytes_ += bytes;
  groups_.push_back(std::move(group));
  // Nothing overtakes what waits to be sent again.
  unsent_ = unsent_ || (options_.may_send && !options_.may_send());
  if (!unsent_) send(*groups_.back());
  return {};
}

// Its unsent records, in order, up to the first that librdkafka does not take.
void Producer::send(Group& group) {
  std::vector<rd_kafka_message_t> messages;
  std::vector<Slot*> slots;
  for (size_t i = 0; i < group.slots.size(); ++i) {
    if (group.slots[i].state != State::kUnsent) continue;
    NewRecord& record = group.records[i];
    rd_kafka_message_t message{};
    message.payload = record.value.data();
    message.len = record.value.size();
    message.key = record.key.data();
    message.key_len = record.key.size();
    message.partition = static_cast<int32_t>(record.partition.value);
    message._private = &group.slots[i];
    messages.push_back(message);
    slots.push_back(&group.slots[i]);
  }
  rd_kafka_produce_batch(topic_.get(), RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_PARTITION, messages.data(),
                         static_cast<int>(messages.size()));
  for (size_t i = 0; i < messages.size(); ++i) {
    const rd_kafka_resp_err_t error = messages[i].err;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      slots[i]->state = State::kSent;
    } else if (meaning_of(error) == Meaning::kRetry) {
      unsent_ = true;
    } else {
      group.error = to_error(error, "appending to topic " + topic_name_);
      answered(*slots[i]);
    }
  }
}

// With the lock; the group may be gone from groups_ afterwards, not from memory.
void Producer::answered(Slot& slot) {
  slot.state = State::kAnswered;
  Group& group = *slot.group;
  if (--group.left > 0) return;
  waiting_records_ -= group.records.size();
  waiting_bytes_ -= group.bytes;
  // Answers come in order but for different partitions, so it is one of the first.
  const auto at = std::ranges::find_if(groups_, [&](const auto& one) { return one.get() == &group; });
  answered_.push_back(std::move(*at));
  groups_.erase(at);
  if (groups_.empty()) emptied_.notify_all();
}

void Producer::delivered(const rd_kafka_message_t& message) {
  Slot& slot = *static_cast<Slot*>(message._private);
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR && message.offset >= 0) {
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    slot.appended.appended_at_ms = rd_kafka_message_timestamp(&message, &type);
    slot.appended.position = {PartitionId(static_cast<uint32_t>(message.partition)), identity_.epoch,
                              static_cast<uint64_t>(message.offset)};
    answered(slot);
    return;
  }
  // Without an offset it is on the log, the broker has forgotten where: sent again, it has one.
  const bool placed = message.err == RD_KAFKA_RESP_ERR_NO_ERROR;
  if (placed || meaning_of(message.err) == Meaning::kRetry) {
    slot.state = State::kUnsent;
    unsent_ = true;
    return;
  }
  slot.group->error = to_error(message.err, "appending to topic " + topic_name_);
  answered(slot);
}

void Producer::handle(rd_kafka_event_t& event) {
  if (rd_kafka_event_type(&event) == RD_KAFKA_EVENT_ERROR) {
    failed_ = failed_ || rd_kafka_event_error_is_fatal(&event) != 0;
    return;
  }
  if (rd_kafka_event_type(&event) != RD_KAFKA_EVENT_DR) return;
  {
    const MutexLock lock(mutex_);
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(&event)) delivered(*message);
  }
  tell();
}

void Producer::tell() {
  std::vector<std::unique_ptr<Group>> told;
  {
    const MutexLock lock(mutex_);
    told.swap(answered_);
  }
  for (const auto& group : told) {
    if (group->error) {
      group->done(fail(*group->error));
      continue;
    }
    std::vector<Appended> appended;
    appended.reserve(group->slots.size());
    for (const Slot& slot : group->slots) appended.push_back(slot.appended);
    group->done(std::move(appended));
  }
}

void Producer::send_again() {
  if (options_.may_send && !options_.may_send()) return;
  unsent_ = false;
  for (size_t i = 0; i < groups_.size() && !unsent_; ++i) {
    Group& group = *groups_[i];
    if (std::ranges::count(group.slots, State::kUnsent, &Slot::state) > 0) send(group);
    if (i >= groups_.size() || groups_[i].get() != &group) --i;  // answered at once, and gone
  }
}

// Everything without an answer is unsent afterwards.
void Producer::replace() {
  Client old;
  Topic old_topic;
  {
    const MutexLock lock(mutex_);
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  }
  // Reports of what did arrive are worth having: it need not be sent twice.
  const Deadline until = std::chrono::steady_clock::now() + kPurgeWithin;
  while (std::chrono::steady_clock::now() < until) {
    const Event event(rd_kafka_queue_poll(queue_.get(), kSendAgainMs));
    if (event) handle(*event);
    const MutexLock lock(mutex_);
    if (rd_kafka_outq_len(client_.get()) == 0) break;
  }
  {
    const MutexLock lock(mutex_);
    for (const auto& group : groups_) {
      for (Slot& slot : group->slots) {
        if (slot.state == State::kSent) slot.state = State::kUnsent;
      }
    }
    unsent_ = !groups_.empty();
    old = std::move(client_);
    old_topic = std::move(topic_);
  }
  queue_.reset();
  old_topic.reset();
  old.reset();
  // Its configuration was good before.
  MNEMO_CHECK(connect().has_value());
  failed_ = false;
}

void Producer::serve(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    bool unsent = false;
    {
      const MutexLock lock(mutex_);
      if (unsent_) send_again();
      unsent = unsent_;
      std::array<char, 256> why{};
      if (unsent && rd_kafka_fatal_error(client_.get(), why.data(), why.size()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        failed_ = true;
      }
    }
    tell();
    if (failed_) {
      replace();
      continue;
    }
    const Event event(rd_kafka_queue_poll(queue_.get(), unsent ? kSendAgainMs : kPollMs));
    if (event) handle(*event);
  }
}

void Producer::give_up(const Error& why) {
  {
    const MutexLock lock(mutex_);
    for (auto& group : groups_) {
      group->error = why;
      answered_.push_back(std::move(group));
    }
    groups_.clear();
  }
}

Status Producer::close(Deadline deadline) {
  bool in_time = true;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    while (!groups_.empty() && emptied_.wait_until(lock, deadline)) {
    }
    in_time = groups_.empty();
  }
  if (!thread_.joinable()) return {};
  thread_.request_stop();
  thread_.join();
  const Error why{Code::kUnavailable,
                  "the log was closed before Kafka answered: the records may be on it or not; the same event ids or "
                  "keys make it safe to send them again",
                  true, 0};
  {
    const MutexLock lock(mutex_);
    rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  }
  queue_.reset();
  {
    // Destroyed before the records that it reads from are.
    const MutexLock lock(mutex_);
    topic_.reset();
    client_.reset();
  }
  give_up(why);
  tell();
  return in_time ? Status{} : Status(fail(why));
}

}  // namespace mnemo::kafka
