#include "projector/state.h"

#include <algorithm>
#include <utility>

#include "events/coding.h"
#include "events/hash.h"

namespace mnemo {
namespace {

constexpr size_t kAgentsKept = 32768;  // between batches; more are read again when they are needed

std::string policy_key(std::string_view name_space) { return keys::start(keys::Row::kPolicy).append(name_space); }

void encode_policy(const Policy& policy, std::string& out) {
  put_varint(out, policy.version);
  put_varint(out, zigzag(policy.ttl_ms));
  out.push_back(policy.record_access ? 1 : 0);
}

}  // namespace

State::State(PartitionId partition, RowWriter& rows, IndexWriter& index)
    : partition_(partition), rows_(rows), index_(index) {}

Status State::load() {
  // Everything is read before anything changes: a half-loaded state would apply events to rules that are not there.
  Meta meta;
  Rules rules;
  std::vector<DigestPoint> points;
  std::map<uint32_t, std::vector<PendingWork>> filters;
  std::string row;
  MNEMO_ASSIGN(const bool has_meta, rows_.get(kMetaKey, row));
  if (has_meta) MNEMO_TRY(decode_meta(row, meta));
  MNEMO_ASSIGN(const bool has_points, rows_.get(kPointsKey, row));
  if (has_points) MNEMO_TRY(decode_points(row, points));
  MNEMO_ASSIGN(const bool has_rules, rows_.get(kRulesKey, row));
  if (has_rules) {
    v1::RulesActivated event;
    const bool parsed = event.ParseFromString(row);
    if (!parsed) return fail(Code::kDataLoss, "the rules row of a projection is damaged: rebuild it from the log");
    MNEMO_ASSIGN(rules, next_rules(Rules{}, event));
  }
  Status decoded;
  const std::string from = keys::start(keys::Row::kPending);
  MNEMO_TRY(rows_.scan(from, prefix_end(from), [&](std::string_view /*key*/, std::string_view value) {
    PendingWork work;
    decoded = decode_pending(value, work);
    const bool filter = decoded && work.type == PendingWork::Type::kForgetByFilter;
    if (filter) filters[work.ord.value].push_back(work);
    return decoded.has_value();
  }));
  MNEMO_TRY(decoded);

  if (!has_meta) absent_.start();
  meta_ = meta;
  rules_ = std::move(rules);
  points_ = std::move(points);
  filters_ = std::move(filters);
  points_changed_ = false;
  agents_.clear();
  agent_table_.clear();
  agents_by_ord_.clear();
  policies_.clear();
  first_expiry_.reset();
  touched_.clear();
  index_.reset();
  return {};
}

void State::save() {
  scratch_.clear();
  encode_meta(meta_, scratch_);
  rows_.put(kMetaKey, scratch_);
  if (!points_changed_) return;
  scratch_.clear();
  encode_points(points_, scratch_);
  rows_.put(kPointsKey, scratch_);
  points_changed_ = false;
}

void State::trim() {
  if (agents_.size() <= kAgentsKept) return;
  agents_.clear();
  agent_table_.clear();
  agents_by_ord_.clear();
}

Digest State::row_hash(std::string_view key, std::string_view value) {
  scratch_.clear();
  put_bytes(scratch_, key);
  scratch_.append(value);
  return xxh3_128(scratch_);
}

void State::insert(std::string_view key, std::string_view value) {
  meta_.state += row_hash(key, value);
  rows_.put(key, value);
  if (key[0] == static_cast<char>(keys::Row::kMemory)) absent_.note(xxh3_64(key));
}

void State::replace(std::string_view key, std::string_view old_value, std::string_view value) {
  meta_.state -= row_hash(key, old_value);
  insert(key, value);
}

void State::remove(std::string_view key, std::string_view old_value) {
  meta_.state -= row_hash(key, old_value);
  rows_.erase(key);
}

Digest State::content_hash(char tag, const AgentState& agent, std::string_view bytes) {
  scratch_.assign(1, tag);
  put_bytes(scratch_, agent.name);
  scratch_.append(bytes);
  return xxh3_128(scratch_);
}

void State::add_content(char tag, const AgentState& agent, std::string_view bytes) {
  meta_.content += content_hash(tag, agent, bytes);
}

void State::drop_content(char tag, const AgentState& agent, std::string_view bytes) {
  meta_.content -= content_hash(tag, agent, bytes);
}

AgentState* State::remember_agent(AgentState agent, uint64_t name_hash) {
  agents_.push_back(std::move(agent));
  agent_table_.insert(name_hash, static_cast<uint32_t>(agents_.size() - 1));
  agents_by_ord_[agents_.back().ord.value] = &agents_.back();
  return &agents_.back();
}

Result<AgentState*> State::agent(std::string_view name) {
  const uint64_t hash = xxh3_64(name);
  const uint32_t at = agent_table_.find(hash, [&](uint32_t i) { return agents_[i].name == name; });
  if (at != FlatTable::kNone) return &agents_[at];

  AgentState fresh;
  fresh.name = name;
  MNEMO_ASSIGN(const std::optional<AgentRef> known, read_agent(rows_, fresh.name_space(), fresh.agent_id()));
  if (known) {
    fresh.ord = known->ord;
    fresh.docs = known->docs;
    return remember_agent(std::move(fresh), hash);
  }
  fresh.ord = AgentOrd(meta_.next_ord++);
  std::string ord;
  put_be32(ord, fresh.ord.value);
  insert(agent_key(fresh.name_space(), fresh.agent_id()), ord);
  insert(keys::of_agent(keys::Row::kAgentName, fresh.ord), fresh.name);
  return remember_agent(std::move(fresh), hash);
}

Result<AgentState*> State::agent_by_ord(AgentOrd ord) {
  const auto known = agents_by_ord_.find(ord.value);
  if (known != agents_by_ord_.end()) return known->second;
  std::string name;
  MNEMO_ASSIGN(const bool found, rows_.get(keys::of_agent(keys::Row::kAgentName, ord), name));
  if (!found || name.find(kKeySeparator) == std::string::npos) {
    return fail(Code::kDataLoss, "the name row of agent number " + std::to_string(ord.value) +
                                     " is missing or damaged: rebuild the projection from the log");
  }
  return agent(name);
}

Result<bool> State::memory_row(const AgentState& agent, std::string_view memory_key, MemoryRowValue& out) {
  const std::string key = memory_row_key(agent.ord, memory_key);
  if (absent_.certainly_absent(xxh3_64(key))) return false;
  std::string row;
  MNEMO_ASSIGN(const bool found, rows_.get(key, row));
  if (!found) return false;
  MNEMO_TRY(decode_memory_row(row, out));
  return true;
}

Status State::record(AgentOrd ord, uint32_t doc, std::string& holder, Record& out) {
  MNEMO_ASSIGN(const bool found, rows_.get(keys::of_number(keys::Row::kRecord, ord, doc), holder));
  if (!found) {
    return fail(Code::kDataLoss, "the record row of document " + std::to_string(doc) + " of agent number " +
                                     std::to_string(ord.value) + " is missing: rebuild the projection from the log");
  }
  return decode_record(holder, out);
}

void State::insert_expiry(TimestampMs at_ms, AgentOrd ord, uint32_t doc) {
  insert(keys::of_expiry(at_ms, ord, doc), {});
  const Expiry added{at_ms, ord, doc};
  const bool known = first_expiry_.has_value();
  if (known && (!*first_expiry_ || added < **first_expiry_)) first_expiry_ = added;
}

void State::remove_expiry(TimestampMs at_ms, AgentOrd ord, uint32_t doc) {
  remove(keys::of_expiry(at_ms, ord, doc), {});
  first_expiry_.reset();
}

Result<std::optional<State::Expiry>> State::first_expiry() {
  if (first_expiry_) return *first_expiry_;
  std::optional<Expiry> first;
  const std::string from = keys::start(keys::Row::kExpiry);
  MNEMO_TRY(rows_.scan(from, prefix_end(from), [&first](std::string_view key, std::string_view /*value*/) {
    first = Expiry{keys::expiry_time(key), AgentOrd(get_be32(key.data() + 9)), get_be32(key.data() + 13)};
    return false;
  }));
  first_expiry_ = first;
  return first;
}

void State::touch(AgentState& agent, uint8_t tier) {
  if (agent.touched_tiers == 0) touched_.push_back(&agent);
  agent.touched_tiers = static_cast<uint8_t>(agent.touched_tiers | 1U << tier);
}

std::vector<std::pair<std::string_view, uint8_t>> State::take_touched() {
  std::vector<std::pair<std::string_view, uint8_t>> taken;
  for (AgentState* const agent : touched_) {
    for (uint8_t tier = 0; tier < 8; ++tier) {
      if ((agent->touched_tiers >> tier & 1) != 0) taken.emplace_back(agent->name, tier);
    }
    agent->touched_tiers = 0;
  }
  touched_.clear();
  return taken;
}

void State::push_pending(const PendingWork& work) {
  scratch_.clear();
  encode_pending(work, scratch_);
  rows_.put(keys::of_sequence(keys::Row::kPending, meta_.pending_next++), scratch_);
  if (work.type == PendingWork::Type::kForgetByFilter) filters_[work.ord.value].push_back(work);
}

Result<PendingWork> State::first_pending() {
  MNEMO_CHECK(meta_.pending_first < meta_.pending_next);
  std::string row;
  MNEMO_ASSIGN(const bool found, rows_.get(keys::of_sequence(keys::Row::kPending, meta_.pending_first), row));
  if (!found)
    return fail(Code::kDataLoss, "a row of the pending queue is missing: rebuild the projection from the log");
  PendingWork work;
  MNEMO_TRY(decode_pending(row, work));
  return work;
}

void State::update_first_pending(const PendingWork& work) {
  scratch_.clear();
  encode_pending(work, scratch_);
  rows_.put(keys::of_sequence(keys::Row::kPending, meta_.pending_first), scratch_);
  if (work.type == PendingWork::Type::kForgetByFilter) filters_[work.ord.value].front() = work;
}

void State::pop_pending(const PendingWork& work) {
  rows_.erase(keys::of_sequence(keys::Row::kPending, meta_.pending_first++));
  if (work.type != PendingWork::Type::kForgetByFilter) return;
  std::vector<PendingWork>& ours = filters_[work.ord.value];
  ours.erase(ours.begin());
  if (ours.empty()) filters_.erase(work.ord.value);
}

const std::vector<PendingWork>& State::pending_filters(AgentOrd ord) const {
  static const std::vector<PendingWork> none;
  const auto at = filters_.find(ord.value);
  return at == filters_.end() ? none : at->second;
}

Status State::set_rules(const Rules& rules, std::string_view serialized) {
  rules_ = rules;
  rows_.put(kRulesKey, serialized);
  return {};
}

Result<Policy> State::policy(std::string_view name_space) {
  const auto known = policies_.find(name_space);
  if (known != policies_.end()) return known->second;
  Policy policy;
  std::string row;
  MNEMO_ASSIGN(const bool found, rows_.get(policy_key(name_space), row));
  if (found) {
    Decoder in(row);
    policy.version = static_cast<uint32_t>(in.varint());
    policy.ttl_ms = in.zigzag64();
    policy.record_access = in.u8() != 0;
    if (!in.done()) return fail(Code::kDataLoss, "a policy row is damaged: rebuild the projection from the log");
  }
  policies_.emplace(name_space, policy);
  return policy;
}

Status State::set_policy(std::string_view name_space, const Policy& policy) {
  MNEMO_ASSIGN(const Policy before, this->policy(name_space));
  std::string value;
  encode_policy(policy, value);
  if (before.version == 0) {
    insert(policy_key(name_space), value);
  } else {
    std::string old_value;
    encode_policy(before, old_value);
    replace(policy_key(name_space), old_value, value);
  }
  policies_.insert_or_assign(std::string(name_space), policy);
  return {};
}

Status State::note_expiry_due() {
  MNEMO_ASSIGN(const std::optional<Expiry> first, first_expiry());
  meta_.expiry_due = first && first->at_ms <= meta_.event_time_ms;
  return {};
}

Status State::take_point_if_due(uint64_t offset) {
  MNEMO_TRY(note_expiry_due());
  if (rules_.digest_interval == 0 || meta_.seq % rules_.digest_interval != 0) return {};
  points_.push_back({meta_.seq, offset, meta_.state, meta_.content, meta_.settled()});
  if (points_.size() > kDigestPointsKept) points_.erase(points_.begin());
  points_changed_ = true;
  return {};
}

}  // namespace mnemo
