// File: projector/state.h
// The state of one partition while events are applied to it: rows behind the batch's overlay, what the meta row counts,
// the rules in force, and both digests. Every logical row is written through here, so no write can miss a digest.
//
// Owned by the partition's writer thread. A pure function of the records applied: it reads nothing but rows.
#pragma once

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
#include "projector/store/pending.h"
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
  uint8_t touched_tiers = 0;  // in this batch, a bit each

  std::string_view name_space() const { return std::string_view(name).substr(0, name.find(kKeySeparator)); }
  std::string_view agent_id() const { return std::string_view(name).substr(name.find(kKeySeparator) + 1); }
};

struct Policy {
  uint32_t version = 0;
  int64_t ttl_ms = 0;
  bool record_access = false;
};

class State {
 public:
  State(PartitionId partition, RowWriter& rows, IndexWriter& index);

  // Reads meta, rules, points and the filters still at work from the rows; also after a batch was dropped. An error
  // has changed nothing.
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

  // The pending queue.
  void push_pending(const PendingWork& work);
  Result<PendingWork> first_pending();
  void update_first_pending(const PendingWork& work);
  void pop_pending(const PendingWork& work);
  // Filters still at work on this agent's documents, oldest first.
  const std::vector<PendingWork>& pending_filters(AgentOrd ord) const;

  Status set_rules(const Rules& rules, std::string_view serialized);
  Result<Policy> policy(std::string_view name_space);
  Status set_policy(std::string_view name_space, const Policy& policy);

  // An agent and tier whose answers changed in this batch.
  void touch(AgentState& agent, uint8_t tier);
  std::vector<std::pair<std::string_view, uint8_t>> take_touched();

  // Counts one accepted event; take_point() is called when its work is done.
  void count_accepted() { ++meta_.seq; }
  Status take_point_if_due(uint64_t offset);
  // Brings meta().expiry_due up to date.
  Status note_expiry_due();

 private:
  AgentState* remember_agent(AgentState agent, uint64_t name_hash);
  Digest row_hash(std::string_view key, std::string_view value);
  Digest content_hash(char tag, const AgentState& agent, std::string_view bytes);

  PartitionId partition_;
  RowWriter& rows_;
  IndexWriter& index_;
  Meta meta_;
  Rules rules_;
  std::vector<DigestPoint> points_;
  bool points_changed_ = false;

  std::deque<AgentState> agents_;
  FlatTable agent_table_;
  std::map<uint32_t, AgentState*> agents_by_ord_;
  std::map<std::string, Policy, std::less<>> policies_;
  std::map<uint32_t, std::vector<PendingWork>> filters_;  // by ord
  std::optional<std::optional<Expiry>> first_expiry_;     // unset: not known
  std::vector<AgentState*> touched_;
  AbsentKeys absent_;  // of memory rows
  std::string scratch_;
};

}  // namespace mnemo
