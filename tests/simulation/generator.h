// File: tests/simulation/generator.h
// What producers put on the log: mostly sense, and every kind of nonsense.
#pragma once

#include <string>
#include <vector>

#include "events/clock.h"
#include "events/envelope.h"
#include "events/fingerprint.h"
#include "tests/simulation/random.h"

namespace mnemo::simulation {

// What the world of one seed is like.
struct Temper {
  uint32_t partitions = 1;
  uint32_t agents = 3;
  uint32_t words = 8;  // most words of a text
  uint32_t garbage_per_mille = 30;
  uint32_t retries_per_mille = 80;
  uint32_t expiries_per_mille = 80;
  uint32_t astray_per_mille = 150;  // producers whose clock is behind or ahead
  uint32_t forgets_weight = 2;      // by filter, out of about 100
  uint32_t key_pool = 12;           // keys that an agent uses again and again
  bool many_documents = false;      // one agent gets thousands
  bool late_kinds = false;          // Accessed, Linked and operations are not active at first
};
Temper random_temper(Random& random);

// The rules that the log of such a world begins with.
v1::RulesActivated first_rules(Random& random, const Temper& temper, uint32_t partition);

class Generator {
 public:
  // Everything must outlive the generator.
  Generator(Random& random, const Temper& temper, const Clock& clock, const LogIdentity& log);

  // The next record of some producer: an agent event, a retry, or garbage.
  NewRecord record();
  // A memory for the one agent that gets many.
  NewRecord one_of_many();

  // Control events; rules and policies are for all partitions at once.
  std::vector<NewRecord> rules_change();
  std::vector<NewRecord> policy_change();
  // Of the journal of some operation: mostly the next one that it needs, now and then one that comes again or too
  // early.
  NewRecord operation_event();
  NewRecord tick(PartitionId partition);
  NewRecord skip(PartitionId partition, uint64_t offset);
  // Halts its partition until it is skipped.
  NewRecord of_a_newer_build();
  // A control event that must be refused: an epoch that is not new, a skip of another epoch, another's partition.
  NewRecord refused_control();

  // For queries.
  struct Agent {
    std::string name_space;
    std::string agent_id;
    std::vector<std::string> ids;  // that memories may have, newest last
    uint64_t made = 0;
  };
  const std::vector<Agent>& agents() const { return agents_; }
  v1::Filter filter(int depth = 0);
  std::string text();
  const FingerprintKey& key() const { return key_; }

 private:
  v1::Envelope control();
  v1::Envelope agent_event();
  v1::Envelope agent_event(Agent& agent);
  v1::Envelope retry();
  v1::Envelope broken();
  NewRecord garbage();
  void complete(v1::Envelope& envelope);
  std::string event_id();
  std::string some_id(const Agent& agent);
  std::string tag() { return "t" + std::to_string(random_.below(6)); }
  void fill(v1::Remembered& e);
  void fill(v1::Updated& e);
  v1::MetadataEntry metadata(const std::string& key);
  v1::Embedding embedding();
  v1::Condition condition();
  void remember(v1::Envelope& envelope, Agent& agent);

  Random& random_;
  Temper temper_;
  const Clock& clock_;
  LogIdentity log_;
  FingerprintKey key_;
  std::vector<Agent> agents_;
  std::vector<v1::Envelope> recent_;
  v1::RulesActivated rules_;
  uint32_t policy_version_ = 0;
  struct Running {
    v1::OperationStarted start;
    uint32_t done = 0;
  };
  std::vector<Running> operations_;  // those that were started, the last few
  v1::Envelope start_operation();
  v1::Envelope start_again(const Running& operation);
  v1::Envelope go_on(Running& operation);

 public:
  // The rules that are in force, or on their way.
  void set_rules(const v1::RulesActivated& rules) { rules_ = rules; }
};

}  // namespace mnemo::simulation
