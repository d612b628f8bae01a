// File: events/kafka/producer.h
// Appends by an idempotent producer.
//
//   append() ─▶ groups in order ─▶ librdkafka ─▶ delivery reports ─▶ done, once a group's records are all delivered
//                    ▲                                 │
//                    └─ sent again, as they are ◀──────┘ what a failure leaves in doubt
//
// librdkafka never gives a record up for time, so nothing is left out in the middle of a group. A producer that fails
// for good (its sequence numbers do not fit any more) is replaced by a new one, which sends everything again that has
// no answer yet, in order: such a record may then be on the log twice, the same bytes both times.
//
// Thread-safe. Its own thread calls `done`.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "events/kafka/handles.h"
#include "events/log.h"
#include "events/log_checks.h"
#include "events/log_kafka.h"
#include "events/mutex.h"

namespace mnemo::kafka {

class Producer {
 public:
  static Result<std::unique_ptr<Producer>> open(const KafkaOptions& options, const LogIdentity& identity);
  ~Producer();

  // As Log::append.
  Status append(std::vector<NewRecord> records, Log::AppendDone done);

  // Waits until everything that was taken has its answer, or until the deadline: UNAVAILABLE then, and so is each
  // append that was not answered. Idempotent.
  Status close(Deadline deadline);

 private:
  struct Group;
  enum class State : uint8_t { kUnsent, kSent, kAnswered };
  struct Slot {
    Group* group = nullptr;
    State state = State::kUnsent;
    Appended appended;
  };
  struct Group {
    std::vector<NewRecord> records;  // librdkafka reads the values from here
    std::vector<Slot> slots;         // one a record
    size_t left = 0;                 // without an answer
    size_t bytes = 0;
    std::optional<Error> error;
    Log::AppendDone done;
  };

  Producer(KafkaOptions options, const LogIdentity& identity);
  Status connect();
  void serve(const std::stop_token& stop);
  void handle(rd_kafka_event_t& event);
  void delivered(const rd_kafka_message_t& message) MNEMO_REQUIRES(mutex_);
  void answered(Slot& slot) MNEMO_REQUIRES(mutex_);
  void send(Group& group) MNEMO_REQUIRES(mutex_);
  void send_again() MNEMO_REQUIRES(mutex_);
  void replace();
  void give_up(const Error& why);
  void tell();

  const KafkaOptions options_;
  const std::string topic_name_;
  const LogIdentity identity_;
  const QueueLimits limits_;

  Mutex mutex_;
  Condition emptied_;
  Client client_ MNEMO_GUARDED_BY(mutex_);
  Topic topic_ MNEMO_GUARDED_BY(mutex_);
  Queue queue_;  // of client_; used and replaced by the thread alone
  std::deque<std::unique_ptr<Group>> groups_ MNEMO_GUARDED_BY(mutex_);  // in order; answered ones leave from anywhere
  std::vector<std::unique_ptr<Group>> answered_ MNEMO_GUARDED_BY(mutex_);
  size_t waiting_records_ MNEMO_GUARDED_BY(mutex_) = 0;
  size_t waiting_bytes_ MNEMO_GUARDED_BY(mutex_) = 0;
  bool unsent_ MNEMO_GUARDED_BY(mutex_) = false;
  bool closed_ MNEMO_GUARDED_BY(mutex_) = false;
  bool failed_ = false;  // of the thread alone: this client is fit for nothing any more
  std::jthread thread_;
};

}  // namespace mnemo::kafka
