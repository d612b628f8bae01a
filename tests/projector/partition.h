// File: tests/projector/partition.h
// A real Projection over rows in memory, fed by a log that is a vector: what unit tests of the state machine stand on.
#pragma once

#include <rocksdb/env.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "events/fingerprint.h"
#include "projector/projection.h"

namespace mnemo::projector_test {

inline constexpr TimestampMs kStartMs = 1'700'000'000'000;
inline constexpr int64_t kDayMs = 86'400'000;

struct Setup {
  uint32_t partitions = 1;
  uint32_t partition = 0;
  bool founded = true;          // EpochStarted and RulesActivated{default_rules} are applied already
  rocksdb::Env* env = nullptr;  // null: files in memory, its own; must outlive it
  CommitListener on_commit = {};
};

// A memory's row and its current record, copied out.
struct Seen {
  MemoryRow::State state = MemoryRow::State::kLive;
  uint32_t doc = 0;
  bool stub = false;
  Record record;
  std::string holder;
};

// Fails the test at once when a call that must succeed does not.
class Partition {
 public:
  explicit Partition(Setup setup = {}, StateLimits limits = {});

  // Completes the envelope (event id, schema version, fingerprint, where they are absent), appends it at `now_ms` under
  // its own message key, and applies it as a batch of its own.
  Outcome add(v1::Envelope envelope);
  // Appends bytes as they are.
  Outcome add_raw(std::string key, std::string value);
  Status try_add(v1::Envelope envelope);
  Status try_add_raw(std::string key, std::string value);
  // Appends without applying.
  void append(v1::Envelope envelope);
  void append_raw(std::string key, std::string value);
  // Applies the records that were appended and are not applied yet, as one batch.
  Status apply_appended(std::vector<Outcome>* outcomes = nullptr, size_t records = SIZE_MAX);
  // RulesActivated with the next version, changed by `change`.
  template <typename Change>
  Outcome activate(const Change& change) {
    v1::RulesActivated rules = rules_event();
    change(rules);
    v1::Envelope envelope;
    *envelope.mutable_rules_activated() = rules;
    return add(envelope);
  }
  Outcome tick(TimestampMs time_ms);
  // Ticks at the event time until nothing is pending; returns the ticks it took.
  int settle();
  // Ticks on until no index work waits either.
  void drain();
  // Loses what was not flushed.
  void crash();
  // Another projection of the same records from zero, with batches of this size.
  std::unique_ptr<Partition> rebuilt(size_t batch) const;

  v1::Envelope completed(v1::Envelope envelope);
  v1::RulesActivated rules_event() const;  // those in force with the next version
  Projection& projection() { return *projection_; }
  Meta meta() const { return projection_->applied(); }
  std::unique_ptr<View> view() const;
  // A row as it stands; empty when there is none. Overwrites the row behind the projection's back, as damage would.
  std::string row(const std::string& key) const;
  void damage(const std::string& key, const std::string& value);

  // Of agent "nina" in namespace "acme" unless told otherwise.
  std::optional<Seen> memory(const std::string& id, const std::string& agent = "nina") const;
  uint32_t live(const std::string& agent = "nina") const;  // rows of memories that are live
  size_t rows(keys::Row row) const;

  TimestampMs now_ms = kStartMs;
  std::set<uint64_t> skips;
  bool announce = true;

 private:
  struct Appended {
    TimestampMs at_ms = 0;
    std::string key;
    std::string value;
  };
  void open();

  Setup setup_;
  StateLimits limits_;
  LogIdentity log_;
  FingerprintKey key_;
  std::unique_ptr<rocksdb::Env> env_;
  StoreResources resources_;
  std::unique_ptr<Projection> projection_;
  std::vector<Appended> appended_;
  uint64_t ids_ = 0;
};

// --- Envelopes of agent "nina" in namespace "acme" ---

v1::Envelope remember(const std::string& id, const std::string& text);
v1::Envelope update(const std::string& id, const std::string& text);
v1::Envelope forget(const std::string& id);
v1::Envelope forget_tag(const std::string& tag);
v1::Envelope link(const std::string& from, const std::string& to, const std::string& type = "about");
v1::Envelope unlink(const std::string& from, const std::string& to, const std::string& type = "about");
v1::Envelope access(const std::string& id, uint32_t count);
v1::Envelope embed(const std::string& id, uint32_t version, const std::string& model, std::vector<float> values);
v1::Envelope policy(const std::string& name_space, uint32_t version, int64_t ttl_ms, uint32_t partition = 0);

v1::Envelope keyed(v1::Envelope envelope, const std::string& key);
v1::Envelope tagged(v1::Envelope envelope, const std::string& tag);
v1::Envelope of_agent(v1::Envelope envelope, const std::string& agent);

}  // namespace mnemo::projector_test
