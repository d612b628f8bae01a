// File: projector/state.h
// The state of one partition while events are applied to it: rows behind the batch's overlay, what the meta row counts,
// the rules in force, and both digests. Every logical row is written through here, so no write can miss a digest.
//
// Owned by the partition's writer thread. A pure function of the records applied: it reads nothing but rows.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/rules.h"
#include "projector/store/absent_keys.h"
#include "projector/store/agent_rows.h"
#include "projector/store/flat_table.h"
#include "projector/store/index.h"
#include "projector/store/keys.h"
#include "projector/store/meta.h"
#include "projector/store/operation.h"
#include "projector/store/outbox.h"
#include "projector/store/pending.h"
#include "projector/store/policy.h"
#include "projector/store/record.h"
#include "projector/store/rows.h"

namespace mnemo {

struct AgentState {
  std::string name;  // namespace 0x1f agent
  AgentOrd ord;
  uint32_t docs = 0;
  bool keys_loaded = false;
  uint64_t first_key = 0;  // numbers of the keys in the window: [first_key, next_key)
  uint64_t next_key = 0;
  std::array<uint32_t, 4> touched{};   // by tier: the number of its touch in this batch, from 1
  std::vector<PendingFilter> forgets;  // by filter, at work on its documents, oldest first

  std::string_view name_space() const { return std::string_view(name).substr(0, name.find(kKeySeparator)); }
  std::string_view agent_id() const { return std::string_view(name).substr(name.find(kKeySeparator) + 1); }
};

// How much is kept. Tests set less; a partition's projections must all have the same, or their rows differ.
struct StateLimits {
  size_t agents_kept = 32768;       // in memory between batches: the oldest half leaves, and is read again when needed
  uint64_t skip_rows_kept = 10000;  // the newest; all are counted
  size_t policies_kept = 4096;      // in memory between batches: all leave
  uint64_t operations_kept = kOperationsKept;  // finished ones, the newest: rows that digests hold
};

class State {
 public:
  State(PartitionId partition, RowWriter& rows, IndexWriter& index, const StateLimits& limits);

  // Reads meta, rules and points from the rows; also after a batch was dropped. An error has changed nothing.
  Status load();
  // Writes meta and, where they changed, points into the batch.
  void save();
  // Between two batches: lets go of what is cheap to read again.
  void trim();

  PartitionId partition() const { return partition_; }
  RowWriter& rows() { return rows_; }
  IndexWriter& index() { return index_; }
  Meta& meta() { return meta_; }
  const Meta& meta() const { return meta_; }
  const Rules& rules() const { return rules_; }
  const std::vector<DigestPoint>& points() const { return points_; }
  const StateLimits& limits() const { return limits_; }

  // Logical rows. `old_value` is what stands there now.
  void insert(std::string_view key, std::string_view value);
  void replace(std::string_view key, std::string_view old_value, std::string_view value);
  void remove(std::string_view key, std::string_view old_value);
  // What clients determined, for the content digest: `tag` tells kinds of content apart.
  void add_content(char tag, const AgentState& agent, std::string_view bytes);
  void drop_content(char tag, const AgentState& agent, std::string_view bytes);

  // The agent of this message key (namespace 0x1f agent), made on first sight. It holds until trim() or load().
  Result<AgentState*> agent(std::string_view name);
  Result<AgentState*> agent_by_ord(AgentOrd ord);

  // False when there is no such row. A row that is there and expired, or under a pending forget, is not treated here.
  Result<bool> memory_row(const AgentState& agent, std::string_view memory_key, MemoryRowValue& out);
  // `holder` keeps the bytes that `out` points into.
  Status record(AgentOrd ord, uint32_t doc, std::string& holder, Record& out);

  // Expiries in order of time. first_expiry(): the earliest row's time, or nullopt.
  void insert_expiry(TimestampMs at_ms, AgentOrd ord, uint32_t doc);
  void remove_expiry(TimestampMs at_ms, AgentOrd ord, uint32_t doc);
  struct Expiry {
    TimestampMs at_ms = 0;
    AgentOrd ord;
    uint32_t doc = 0;
    auto operator<=>(const Expiry&) const = default;  // as their rows sort
  };
  Result<std::optional<Expiry>> first_expiry();

  // The pending queue. `agent` is the one that the work is about.
  void push_purge(const PendingWork& work);
  void push_forget(AgentState& agent, PendingWork work, const v1::Filter& filter);
  Result<PendingWork> first_pending();
  // The filter of the first, which is a forget.
  Result<const v1::Filter*> first_filter(const AgentState& agent) const;
  void update_first_pending(AgentState& agent, const PendingWork& work);
  void pop_pending(AgentState& agent, const PendingWork& work);

  Status set_rules(const Rules& rules, std::string_view serialized);
  Result<Policy> policy(std::string_view name_space);
  Status set_policy(std::string_view name_space, const Policy& policy);

  // Before each record: what is touched from now on is touched by it.
  void begin_record(uint64_t offset);
  // An agent and tier whose answers changed.
  void touch(AgentState& agent, uint8_t tier);
  // Of the whole batch, agents in order of (offset, n).
  Touched take_touched();

  // Counts one accepted event; take_point() is called when its work is done.
  void count_accepted() { ++meta_.seq; }
  Status take_point_if_due(uint64_t offset);
  // Brings meta().expiry_due up to date.
  Status note_expiry_due();

 private:
  struct Touch {
    AgentState* agent = nullptr;
    uint8_t tier = 0;
    uint64_t offset = 0;
    uint32_t n = 0;
  };
  AgentState* remember_agent(AgentState agent, uint64_t name_hash);
  void put_pending(uint64_t number, const PendingWork& work);
  Digest row_hash(std::string_view key, std::string_view value);
  Digest content_hash(char tag, const AgentState& agent, std::string_view bytes);

  PartitionId partition_;
  RowWriter& rows_;
  IndexWriter& index_;
  StateLimits limits_;
  Meta meta_;
  Rules rules_;
  std::vector<DigestPoint> points_;
  bool points_changed_ = false;

  std::deque<AgentState> agents_;
  FlatTable agent_table_;
  std::map<uint32_t, AgentState*> agents_by_ord_;
  std::map<std::string, Policy, std::less<>> policies_;
  size_t filter_bytes_ = 0;                            // of all agents' forgets in memory
  std::optional<std::optional<Expiry>> first_expiry_;  // unset: not known
  std::string expiry_floor_;                           // while it is not known: no expiry row is before this key
  uint64_t offset_ = 0;                                // of the record being applied
  uint32_t record_touches_ = 0;
  std::vector<Touch> touched_;
  bool everything_touched_ = false;
  AbsentKeys absent_;  // of memory rows
  std::string scratch_;
};

}  // namespace mnemo
