// File: tests/simulation/model.h
// What mnemo should do, said as plainly as possible: maps, vectors, and no thought of speed. The oracle of the
// simulation.
//
// It shares nothing with the projector but the type of an outcome, and nothing of how rows are laid out: forgetting and
// expiry act here at their own position, at once, and there is no pending work. Whatever the projector has left to do
// must not show in anything that the two are compared in. It may use events/: decoding, validity, rules, hashes and the
// quantisation of vectors have tests of their own.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "events/envelope.h"
#include "events/fixed_point.h"
#include "events/log.h"
#include "projector/outcome.h"

namespace mnemo::simulation {

struct ModelVersion {
  uint32_t doc = 0;  // number of this version among all of the agent's
  uint64_t seq = 0;
  Bytes16 event_id{};
  TimestampMs recorded_at_ms = 0;
  TimestampMs observed_at_ms = 0;
  TimestampMs expires_at_ms = 0;
  v1::Remembered fields;  // as they stand: defaults filled in, metadata sorted, no times, no id, no embedding
  std::map<std::string, QuantizedVector> vectors;  // by model

  bool gone_at(TimestampMs now_ms) const { return expires_at_ms != 0 && expires_at_ms <= now_ms; }
};

struct ModelMemory {
  enum class State { kLive, kForgotten, kExpired };
  State state = State::kLive;
  std::string fingerprint;
  std::vector<ModelVersion> versions;  // the newest last
  uint64_t accesses = 0;
  TimestampMs last_access_ms = 0;

  const ModelVersion& now() const { return versions.back(); }
  bool live() const { return state == State::kLive; }
};

struct ModelLink {
  std::string from;
  std::string type;
  std::string to;
  auto operator<=>(const ModelLink&) const = default;
};

struct ModelKey {
  std::string fingerprint;
  Outcome outcome;        // the first one
  std::string memory_id;  // that it names, or empty
  bool forget = false;    // of a forget by filter: `outcome` tells the exact count
  uint64_t offset = 0;
};

struct ModelAgent {
  std::string name_space;
  std::string agent_id;
  uint32_t order = 0;  // among the partition's agents, by first event
  uint32_t docs = 0;
  std::map<std::string, ModelMemory> memories;  // by id as text; forgotten and expired ones stay
  std::map<std::string, std::string> aliases;   // ids that keys would have made -> ids of the memories made under them
  std::map<std::string, ModelKey> keys;         // "k" + key, or "e" + event id
  std::deque<std::string> key_order;            // oldest first
  std::set<ModelLink> links;                    // those of memories that are gone stay; see has_link()

  const ModelMemory* find_live(const std::string& id) const;
  bool has_link(const ModelLink& link) const {
    return find_live(link.from) && find_live(link.to) && links.contains(link);
  }
};

struct ModelOperation {
  v1::OperationStarted start;
  TimestampMs started_at_ms = 0;
  TimestampMs finished_at_ms = 0;
  uint32_t done = 0;
  std::string result;         // of the last step
  v1::OperationFinished end;  // `outcome` unspecified: running
  bool running() const { return end.outcome() == v1::OPERATION_OUTCOME_UNSPECIFIED; }
};

struct ModelCounts {
  uint64_t applied = 0, rejected = 0, duplicates = 0, conflicts = 0, control = 0, expired = 0, forgotten = 0;
};

// What a record should come to.
struct Expected {
  Outcome outcome;        // without message and memory key
  std::string memory_id;  // of the memory concerned, or empty
  // Of a forget by filter that is applied: `pending` where there is anything to look at; until then the count is 0.
  bool forget_by_filter = false;
  // Repeats the first result of the forget at this offset: while that is at work, it is pending still.
  std::optional<uint64_t> repeats_forget;
};

class Model {
 public:
  // `operations_kept`: how many finished ones.
  Model(const LogIdentity& log, PartitionId partition, size_t operations_kept)
      : log_(log), partition_(partition), operations_kept_(operations_kept) {}

  // Applies the next record. nullopt: it halts the partition, and nothing has changed. `skip`: SkipRecorded names it.
  std::optional<Expected> apply(const LogRecord& record, bool skip);

  const std::map<std::string, ModelAgent>& agents() const { return agents_; }  // by message key
  const std::map<uint64_t, SkipReason>& skips() const { return skips_; }       // by offset
  const ModelCounts& counts() const { return counts_; }
  const Rules& rules() const { return rules_; }
  const std::map<std::string, ModelOperation>& operations() const { return operations_; }  // by id
  const std::deque<std::string>& finished_operations() const { return finished_; }         // ids, the oldest first
  uint64_t operations_left() const { return operations_left_; }
  size_t policies() const { return policies_.size(); }
  uint64_t seq() const { return seq_; }
  TimestampMs event_time_ms() const { return event_time_ms_; }
  uint32_t epoch() const { return epoch_; }

 private:
  struct Event {
    const v1::Envelope* envelope = nullptr;
    Bytes16 id{};
    TimestampMs recorded_at_ms = 0;
    TimestampMs now_ms = 0;  // event time, if this event is accepted
    uint64_t offset = 0;
  };
  struct Policy {
    uint32_t version = 0;
    int64_t ttl_ms = 0;
  };

  std::optional<SkipReason> apply_control(const LogRecord& record, const v1::Envelope& envelope, Outcome& outcome,
                                          bool& halts);
  // nullopt, with the outcome where it acted before; or it is skipped as invalid.
  std::optional<SkipReason> operation_started(const v1::OperationStarted& e, TimestampMs now_ms, Outcome& outcome);
  std::optional<SkipReason> operation_step_done(const v1::OperationStepDone& e, Outcome& outcome);
  std::optional<SkipReason> operation_finished(const v1::OperationFinished& e, TimestampMs now_ms, Outcome& outcome);
  bool is_home(const std::string& id) const { return partition_of(id, log_.partitions) == partition_; }
  bool apply_agent_event(const Event& event, Expected& expected);  // false: this build cannot
  static void compare(const std::string& first, const std::string& now, Outcome& outcome);
  bool answer_from_key(ModelAgent& agent, const Event& event, Expected& expected);
  void accept(ModelAgent& agent, const Event& event, Expected& expected, bool keyed);
  void reject(ModelAgent& agent, const Event& event, Code code, Expected& expected);
  void expire(TimestampMs now_ms);

  static std::string named_by(const ModelAgent& agent, const Event& event);
  void remembered(ModelAgent& agent, const Event& event, Expected& expected);
  void updated(ModelAgent& agent, const Event& event, Expected& expected);
  void forgotten(ModelAgent& agent, const Event& event, Expected& expected);
  void forgotten_by_filter(ModelAgent& agent, const Event& event, Expected& expected);
  void accessed(ModelAgent& agent, const Event& event, Expected& expected);
  void embedding_attached(ModelAgent& agent, const Event& event, Expected& expected);
  void linked(ModelAgent& agent, const Event& event, Expected& expected);
  void unlinked(ModelAgent& agent, const Event& event, Expected& expected);

  LogIdentity log_;
  PartitionId partition_;
  size_t operations_kept_;
  std::map<std::string, ModelOperation> operations_;
  std::deque<std::string> finished_;
  uint64_t operations_left_ = 0;
  uint32_t epoch_ = 0;
  uint64_t seq_ = 0;
  TimestampMs event_time_ms_ = 0;
  Rules rules_;
  std::map<std::string, Policy> policies_;
  std::map<std::string, ModelAgent> agents_;
  std::map<uint64_t, SkipReason> skips_;
  ModelCounts counts_;
};

// Whether the filter matches the version: the filter language of event.proto, by its own words.
bool model_matches(const v1::Filter& filter, const ModelVersion& version);

}  // namespace mnemo::simulation
