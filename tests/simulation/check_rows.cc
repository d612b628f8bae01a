#include <algorithm>

#include "events/coding.h"
#include "events/hash.h"
#include "projector/store/agent_rows.h"
#include "projector/store/memory_id.h"
#include "projector/store/operation.h"
#include "tests/simulation/check.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/probes.h"

namespace mnemo::simulation {
namespace {

using RowMap = std::map<std::string, std::string>;  // without the prefix

Result<RowMap> rows_under(const View& view, const std::string& prefix) {
  RowMap rows;
  MNEMO_TRY(view.scan(prefix, prefix_end(prefix), [&](std::string_view key, std::string_view value) {
    rows.emplace(key.substr(prefix.size()), value);
    return true;
  }));
  return rows;
}

// One agent's comparison.
class AgentCheck {
 public:
  AgentCheck(const View& view, const ModelAgent& agent)
      : view_(view), agent_(agent), ord_(agent.order), settled_(view.meta().settled()) {
    for (const auto& [id, memory] : agent.memories) {
      for (size_t i = 0; i < memory.versions.size(); ++i) versions_[memory.versions[i].doc] = {&id, &memory, i};
    }
  }

  Status run() {
    MNEMO_TRY(check_agent());
    MNEMO_TRY(check_memories());
    MNEMO_TRY(check_records());
    MNEMO_TRY(check_vectors());
    MNEMO_TRY(check_links());
    MNEMO_TRY(check_accesses());
    return check_keys();
  }

 private:
  struct VersionAt {
    const std::string* id = nullptr;
    const ModelMemory* memory = nullptr;
    size_t index = 0;
    const ModelVersion& version() const { return memory->versions[index]; }
  };

  template <typename... Parts>
  tl::unexpected<Error> wrong(const Parts&... parts) const {
    return differs("agent ", agent_.agent_id, " in ", agent_.name_space, ": ", parts...);
  }

  Result<RowMap> rows(keys::Row row) const { return rows_under(view_, keys::of_agent(row, ord_)); }

  Status check_agent() const {
    MNEMO_ASSIGN(const auto known, view_.agent(agent_.name_space, agent_.agent_id));
    if (!known) return wrong("has no row");
    if (known->ord != ord_) return wrong("has number ", known->ord.value, ", not ", ord_.value);
    if (known->docs != agent_.docs) return wrong("has ", known->docs, " documents, not ", agent_.docs);
    return {};
  }

  Status check_memory(const std::string& id, const MemoryRowValue& row) const {
    const auto at = agent_.memories.find(id);
    if (at == agent_.memories.end()) return wrong("memory ", id, " should not be there");
    const ModelMemory& memory = at->second;
    if (row.row.doc != memory.now().doc) return wrong("memory ", id, " is document ", row.row.doc);
    if (row.row.state == MemoryRow::State::kLive) {
      return memory.live() || !settled_ ? Status() : wrong("memory ", id, " should be gone");
    }
    const auto expected =
        memory.state == ModelMemory::State::kForgotten ? MemoryRow::State::kForgotten : MemoryRow::State::kExpired;
    if (memory.live() || row.row.state != expected) return wrong("memory ", id, " is gone in another way");
    const bool same = row.created_event_id == memory.versions[0].event_id && row.fingerprint == memory.fingerprint;
    return same ? Status() : wrong("the tombstone of memory ", id, " is another's");
  }

  Status check_memories() const {
    MNEMO_ASSIGN(const RowMap found, rows(keys::Row::kMemory));
    size_t aliases = 0;
    for (const auto& [key, value] : found) {
      MemoryRowValue row;
      MNEMO_TRY(decode_memory_row(value, row));
      const std::string id = memory_id_text(key);
      if (row.row.state != MemoryRow::State::kAlias) {
        MNEMO_TRY(check_memory(id, row));
        continue;
      }
      ++aliases;
      const auto at = agent_.aliases.find(id);
      const bool same = at != agent_.aliases.end() && memory_id_text(row.target) == at->second;
      if (!same) return wrong("alias ", id, " leads elsewhere");
    }
    if (aliases != agent_.aliases.size()) return wrong("has ", aliases, " aliases, not ", agent_.aliases.size());
    if (found.size() != aliases + agent_.memories.size()) return wrong("lacks a memory");
    return {};
  }

  static bool same_metadata(const Record& r, const v1::Remembered& f) {
    if (static_cast<int>(r.metadata.size()) != f.metadata_size()) return false;
    for (int i = 0; i < f.metadata_size(); ++i) {
      const MetadataView& entry = r.metadata[static_cast<size_t>(i)];
      const v1::MetadataEntry& e = f.metadata(i);
      if (entry.key != e.key()) return false;
      const bool same = e.has_text() ? entry.type == MetadataView::Type::kText && entry.text == e.text().plain()
                        : e.has_number()
                            ? entry.type == MetadataView::Type::kNumber && entry.number_bits == double_bits(e.number())
                            : entry.type == MetadataView::Type::kFlag && entry.flag == e.flag();
      if (!same) return false;
    }
    return true;
  }

  static bool same_fields(const Record& r, const v1::Remembered& f) {
    return r.text == f.text().plain() && r.session_id == f.session_id() && r.speaker == f.speaker() &&
           r.kind == f.kind() && r.source == f.source() && r.content == f.content().plain() &&
           r.memory_class == f.class_() && r.tier == f.tier() && r.pinned == f.pinned() &&
           r.importance == (f.has_importance() ? f.importance() : -1) &&
           r.observed_at_given == f.has_observed_at_ms() && r.expires_at_given == f.has_expires_at_ms() &&
           std::equal(r.tags.begin(), r.tags.end(), f.tags().begin(), f.tags().end()) && same_metadata(r, f);
  }

  static bool same_version(const Record& r, const VersionAt& at) {
    const ModelVersion& v = at.version();
    const std::vector<ModelVersion>& all = at.memory->versions;
    return r.version == at.index + 1 && (at.index == 0 || r.previous_doc == all[at.index - 1].doc) && r.seq == v.seq &&
           r.event_id == v.event_id && r.created_event_id == all[0].event_id &&
           r.fingerprint == at.memory->fingerprint && r.created_at_ms == all[0].recorded_at_ms &&
           r.recorded_at_ms == v.recorded_at_ms && r.observed_at_ms == v.observed_at_ms &&
           r.expires_at_ms == v.expires_at_ms && memory_id_text(r.memory_key) == *at.id && same_fields(r, v.fields);
  }

  Status check_records() const {
    MNEMO_ASSIGN(const RowMap found, rows(keys::Row::kRecord));
    if (found.size() != agent_.docs) return wrong("has ", found.size(), " record rows, not ", agent_.docs);
    for (const auto& [key, value] : found) {
      const VersionAt& at = versions_.at(get_be32(key.data()));
      Record record;
      MNEMO_TRY(decode_record(value, record));
      if (record.stub && at.memory->live()) return wrong("a version of memory ", *at.id, " was purged");
      if (record.stub) continue;
      if (settled_ && !at.memory->live()) return wrong("a version of memory ", *at.id, " was not purged");
      if (!same_version(record, at)) return wrong("version ", at.index + 1, " of memory ", *at.id, " has other fields");
    }
    return {};
  }

  Status check_vectors() const {
    MNEMO_ASSIGN(RowMap found, rows(keys::Row::kVector));
    for (const auto& [doc, at] : versions_) {
      for (const auto& [model, vector] : at.version().vectors) {
        std::string key;
        put_be32(key, doc);
        std::string value;
        put_be32(value, vector.max_bits);
        put_bytes(value, vector.values);
        const auto row = found.find(key + model);
        const bool may_be_gone = !at.memory->live();
        if (row == found.end() && may_be_gone) continue;
        if (row == found.end() || row->second != value) return wrong("memory ", *at.id, " lacks its vector of ", model);
        if (settled_ && may_be_gone) return wrong("a vector of memory ", *at.id, " was not purged");
        found.erase(row);
      }
    }
    return found.empty() ? Status() : wrong("has a vector that nobody gave");
  }

  std::string link_key(const std::string& first, const ModelLink& link, const std::string& second) const {
    std::string key;
    put_bytes(key, memory_key_from_text(first));
    put_bytes(key, link.type);
    put_bytes(key, memory_key_from_text(second));
    return key;
  }

  Status check_links() const {
    MNEMO_ASSIGN(RowMap forward, rows(keys::Row::kLink));
    MNEMO_ASSIGN(RowMap backward, rows(keys::Row::kBacklink));
    if (forward.size() != backward.size()) return wrong("has links in one direction");
    for (const ModelLink& link : agent_.links) {
      const bool there = forward.erase(link_key(link.from, link, link.to)) == 1;
      const bool back = backward.erase(link_key(link.to, link, link.from)) == 1;
      if (there != back) return wrong("the link from ", link.from, " to ", link.to, " has one direction");
      const bool visible = agent_.has_link(link);
      if (!visible) probe(Probe::kLinkDiedWithItsEnd);
      if (visible && !there) return wrong("the link from ", link.from, " to ", link.to, " is missing");
      if (settled_ && there && !visible) return wrong("the link from ", link.from, " to ", link.to, " was not purged");
    }
    return forward.empty() && backward.empty() ? Status() : wrong("has a link that nobody made");
  }

  Status check_accesses() const {
    MNEMO_ASSIGN(RowMap found, rows(keys::Row::kAccess));
    for (const auto& [id, memory] : agent_.memories) {
      if (memory.accesses == 0) continue;
      std::string value;
      put_varint(value, memory.accesses);
      put_varint(value, zigzag(memory.last_access_ms));
      const auto row = found.find(memory_key_from_text(id));
      const bool there = row != found.end();
      if (memory.live() && !there) return wrong("memory ", id, " lacks its accesses");
      if (settled_ && !memory.live() && there) return wrong("the accesses of memory ", id, " were not purged");
      if (!there) continue;
      if (row->second != value) return wrong("memory ", id, " has other accesses");
      found.erase(row);
    }
    return found.empty() ? Status() : wrong("has accesses that nobody made");
  }

  Status check_keys() const {
    MNEMO_ASSIGN(const RowMap window, rows(keys::Row::kKeyWindow));
    MNEMO_ASSIGN(RowMap keys, rows(keys::Row::kKey));
    const size_t expected = agent_.key_order.size();
    if (window.size() != expected) return wrong("keeps ", window.size(), " keys, not ", expected);
    auto name = agent_.key_order.begin();
    for (const auto& [number, key] : window) {
      const Bytes16 hash = blake2b_128(*name++);
      const std::string_view kept = std::string_view(key).substr(5);  // after the kind of row and the agent
      const bool same = kept == std::string_view(reinterpret_cast<const char*>(hash.data()), hash.size());
      if (!same || keys.erase(std::string(kept)) != 1) return wrong("keeps another key");
    }
    return keys.empty() ? Status() : wrong("keeps a key outside the window");
  }

  const View& view_;
  const ModelAgent& agent_;
  AgentOrd ord_;
  bool settled_;
  std::map<uint32_t, VersionAt> versions_;  // by document
};

// Two agents with a memory that expires in the same millisecond.
void count_ties(const RowMap& expiries) {
  const std::string* before = nullptr;
  for (const auto& [key, value] : expiries) {
    const bool tie =
        before != nullptr && before->substr(0, 8) == key.substr(0, 8) && before->substr(8, 4) != key.substr(8, 4);
    if (tie) probe(Probe::kExpiryTieBetweenAgents);
    before = &key;
  }
}

Status check_expiries(const View& view, const Model& model) {
  MNEMO_ASSIGN(RowMap found, rows_under(view, keys::start(keys::Row::kExpiry)));
  count_ties(found);
  size_t gone = 0;
  for (const auto& [name, agent] : model.agents()) {
    for (const auto& [id, memory] : agent.memories) {
      const ModelVersion& now = memory.now();
      if (now.expires_at_ms == 0) continue;
      const bool by_policy = memory.state == ModelMemory::State::kExpired && !now.fields.has_expires_at_ms();
      if (by_policy) probe(Probe::kExpiryByPolicy);
      const std::string key = keys::of_expiry(now.expires_at_ms, AgentOrd(agent.order), now.doc).substr(1);
      const bool there = found.erase(key) == 1;
      if (memory.live() && !there) return differs("the expiry of memory ", id, " is missing");
      gone += there && !memory.live() ? 1 : 0;
    }
  }
  if (!found.empty()) return differs("there is an expiry of nothing");
  return gone == 0 || !view.meta().settled() ? Status() : differs("an expiry outlived its memory");
}

Status check_counters(const Meta& meta, const Model& model) {
  const ModelCounts& counts = model.counts();
  const Counters& c = meta.counters;
  if (meta.seq != model.seq()) return differs("seq is ", meta.seq, ", not ", model.seq());
  if (meta.event_time_ms != model.event_time_ms()) return differs("event time is ", meta.event_time_ms);
  if (meta.epoch != model.epoch()) return differs("the epoch is ", meta.epoch);
  if (meta.next_ord != model.agents().size()) return differs("the next agent's number is ", meta.next_ord);
  if (c.applied != counts.applied || c.rejected != counts.rejected || c.duplicates != counts.duplicates ||
      c.conflicts != counts.conflicts || c.control != counts.control) {
    return differs("the counters of outcomes differ");
  }
  std::array<uint64_t, 8> skipped{};
  for (const auto& [offset, reason] : model.skips()) ++skipped[static_cast<size_t>(reason)];
  if (c.skipped != skipped) return differs("the counters of skips differ");
  uint64_t live = 0;
  for (const auto& [name, agent] : model.agents()) {
    for (const auto& [id, memory] : agent.memories) live += memory.live() ? 1 : 0;
  }
  const bool same = c.memories == live && c.expired == counts.expired && c.forgotten == counts.forgotten;
  if (meta.settled() && !same) {
    return differs("counts ", c.memories, " memories, ", c.expired, " expired, ", c.forgotten, " forgotten; not ", live,
                   ", ", counts.expired, ", ", counts.forgotten);
  }
  return {};
}

Status check_reports(const View& view, const Model& model) {
  MNEMO_ASSIGN(const RowMap skips, rows_under(view, keys::start(keys::Row::kSkip)));
  const size_t skipped = model.skips().size();
  const size_t reported = std::min<size_t>(skipped, kLimits.skip_rows_kept);
  if (skipped > reported) probe(Probe::kSkipReportLeft);
  if (skips.size() != reported) return differs("reports ", skips.size(), " skips");
  // The newest, that is.
  const auto oldest = std::next(model.skips().begin(), static_cast<ptrdiff_t>(skipped - reported));
  if (reported > 0 && get_be64(skips.begin()->first.data()) != oldest->first) return differs("an old skip is reported");
  for (const auto& [offset, row] : skips) {
    const auto expected = model.skips().find(get_be64(offset.data()));
    const bool same = expected != model.skips().end() && row[0] == static_cast<char>(expected->second);
    if (!same) return differs("reports another skip at ", get_be64(offset.data()));
  }
  MNEMO_ASSIGN(const RowMap pending, rows_under(view, keys::start(keys::Row::kPending)));
  const Meta& meta = view.meta();
  MNEMO_ASSIGN(const RowMap forgets, rows_under(view, keys::start(keys::Row::kForget)));
  if (forgets.size() != meta.pending_forgets) return differs("counts other forgets than there are");
  if (pending.size() != meta.pending_next - meta.pending_first) return differs("the pending queue has a hole");
  MNEMO_ASSIGN(const RowMap policies, rows_under(view, keys::start(keys::Row::kPolicy)));
  if (policies.size() != model.policies()) return differs("has ", policies.size(), " policies");
  return {};
}

Status check_operation(const Operation& found, const ModelOperation& expected) {
  const bool running = expected.running();
  const bool same = found.kind == expected.start.kind() && found.name_space == expected.start.namespace_() &&
                    found.steps == expected.start.steps() && found.fingerprint == expected.start.fingerprint() &&
                    found.request == (running ? expected.start.request() : "") && found.done == expected.done &&
                    found.result == expected.result && found.reason == expected.end.reason() &&
                    static_cast<int>(found.state) == expected.end.outcome() &&
                    found.started_at_ms == expected.started_at_ms && found.finished_at_ms == expected.finished_at_ms;
  return same ? Status() : differs("the operation ", to_hex(found.id), " is told otherwise");
}

Status check_operations(const View& view, const Model& model) {
  if (model.operations_left() > 0) probe(Probe::kFinishedOperationLeft);
  MNEMO_ASSIGN(const RowMap rows, rows_under(view, keys::start(keys::Row::kOperation)));
  MNEMO_ASSIGN(const RowMap ends, rows_under(view, keys::start(keys::Row::kOperationEnd)));
  std::vector<Operation> found;  // in pages of two
  while (true) {
    const auto after = found.empty() ? std::nullopt : std::optional(place_of(found.back()));
    MNEMO_ASSIGN(const std::vector<Operation> page, list_operations(view, 2, after));
    if (page.empty()) break;
    found.insert(found.end(), page.begin(), page.end());
  }
  if (rows.size() != model.operations().size() || found.size() != rows.size()) {
    return differs("has ", rows.size(), " operations and lists ", found.size(), ", not ", model.operations().size());
  }
  for (size_t i = 0; i < found.size(); ++i) {
    const auto expected = model.operations().find(std::string(found[i].id.begin(), found[i].id.end()));
    if (expected == model.operations().end()) return differs("has an operation of nobody");
    MNEMO_TRY(check_operation(found[i], expected->second));
    if (i > 0 && !(place_of(found[i - 1]) < place_of(found[i]))) return differs("operations are out of order");
  }
  std::deque<std::string> finished;
  for (const auto& [number, id] : ends) finished.push_back(id);
  return finished == model.finished_operations() ? Status() : differs("operations finished in another order");
}

}  // namespace

Status check_rows(const View& view, const Model& model) {
  MNEMO_TRY(check_operations(view, model));
  MNEMO_TRY(check_counters(view.meta(), model));
  MNEMO_TRY(check_reports(view, model));
  MNEMO_TRY(check_expiries(view, model));
  MNEMO_ASSIGN(const RowMap agents, rows_under(view, keys::start(keys::Row::kAgent)));
  if (agents.size() != model.agents().size()) return differs("has ", agents.size(), " agents");
  for (const auto& [name, agent] : model.agents()) MNEMO_TRY(AgentCheck(view, agent).run());
  return {};
}

}  // namespace mnemo::simulation
