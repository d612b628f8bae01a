#include "projector/state.h"

#include <algorithm>
#include <utility>

#include "events/coding.h"
#include "events/hash.h"

namespace mnemo {
namespace {

constexpr size_t kFilterBytesKept = 16 << 20;  // of pending forgets, in memory between batches
constexpr size_t kExpiryKeyBytes = 1 + 8 + 4 + 4;

tl::unexpected<Error> damaged(const std::string& what) {
  return fail(Code::kDataLoss, "the " + what + " is missing or damaged: rebuild the projection from the log");
}

}  // namespace

State::State(PartitionId partition, RowWriter& rows, IndexWriter& index, const StateLimits& limits)
    : partition_(partition), rows_(rows), index_(index), limits_(limits) {}

Status State::load() {
  // Everything is read before anything changes: a half-loaded state would apply events to rules that are not there.
  Meta meta;
  Rules rules;
  std::vector<DigestPoint> points;
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

  if (!has_meta) absent_.start();
  meta_ = meta;
  rules_ = std::move(rules);
  points_ = std::move(points);
  points_changed_ = false;
  agents_.clear();
  agent_table_.clear();
  agents_by_ord_.clear();
  policies_.clear();
  filter_bytes_ = 0;
  first_expiry_.reset();
  expiry_floor_ = keys::start(keys::Row::kExpiry);
  touched_.clear();
  everything_touched_ = false;
  index_.reset(meta_.index);
  return {};
}

void State::save() {
  meta_.index = index_.backlog();
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
  if (policies_.size() > limits_.policies_kept) policies_.clear();
  const bool many_filters = filter_bytes_ > kFilterBytesKept;
  if (agents_.size() <= limits_.agents_kept && !many_filters) return;
  const size_t kept = many_filters ? 0 : limits_.agents_kept / 2;
  while (agents_.size() > kept) {
    for (const PendingFilter& forget : agents_.front().forgets) filter_bytes_ -= forget.bytes;
    agents_by_ord_.erase(agents_.front().ord.value);
    agents_.pop_front();
  }
  agent_table_.clear();
  for (size_t i = 0; i < kept; ++i) agent_table_.insert(xxh3_64(agents_[i].name), static_cast<uint32_t>(i));
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
  // The batch has no rows of an agent that is not in memory: agents leave it between batches only.
  MNEMO_ASSIGN(const std::optional<AgentRef> known,
               read_agent(rows_.committed(), fresh.name_space(), fresh.agent_id()));
  if (known) {
    fresh.ord = known->ord;
    fresh.docs = known->docs;
    if (meta_.pending_forgets > 0) {
      MNEMO_ASSIGN(fresh.forgets, read_pending_filters(rows_, fresh.ord));
    }
    for (const PendingFilter& forget : fresh.forgets) filter_bytes_ += forget.bytes;
    return remember_agent(std::move(fresh), hash);
  }
  fresh.ord = AgentOrd(meta_.next_ord++);
  std::string ord;
  put_be32(ord, fresh.ord.value);
  insert(agent_row_key(fresh.name_space(), fresh.agent_id()), ord);
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
  const std::string key = keys::of_expiry(at_ms, ord, doc);
  insert(key, {});
  const Expiry added{at_ms, ord, doc};
  if (!first_expiry_) {
    expiry_floor_ = std::min(expiry_floor_, key);
  } else if (!*first_expiry_ || added < **first_expiry_) {
    first_expiry_ = added;
  }
}

void State::remove_expiry(TimestampMs at_ms, AgentOrd ord, uint32_t doc) {
  const std::string key = keys::of_expiry(at_ms, ord, doc);
  remove(key, {});
  const bool first = first_expiry_ && *first_expiry_ == Expiry{at_ms, ord, doc};
  if (!first) return;
  first_expiry_.reset();
  expiry_floor_ = key;
}

Result<std::optional<State::Expiry>> State::first_expiry() {
  if (first_expiry_) return *first_expiry_;
  std::optional<Expiry> first;
  Status read;
  const std::string to = prefix_end(keys::start(keys::Row::kExpiry));
  MNEMO_TRY(rows_.scan(expiry_floor_, to, [&](std::string_view key, std::string_view /*value*/) {
    if (key.size() == kExpiryKeyBytes) {
      first = Expiry{keys::expiry_time(key), AgentOrd(get_be32(key.data() + 9)), get_be32(key.data() + 13)};
    } else {
      read = damaged("expiry row " + to_hex(key));
    }
    return false;
  }));
  MNEMO_TRY(std::move(read));
  first_expiry_ = first;
  return first;
}

void State::begin_record(uint64_t offset) {
  offset_ = offset;
  record_touches_ = 0;
}

void State::touch(AgentState& agent, uint8_t tier) {
  uint32_t& number = agent.touched.at(tier);
  if (number == 0) {
    touched_.push_back({&agent, tier, 0, 0});
    number = static_cast<uint32_t>(touched_.size());
  } else if (touched_[number - 1].offset == offset_) {
    return;
  }
  touched_[number - 1].offset = offset_;
  touched_[number - 1].n = record_touches_++;
}

Touched State::take_touched() {
  std::vector<Invalidation> taken;
  taken.reserve(touched_.size());
  for (const Touch& touch : touched_) {
    AgentState& agent = *touch.agent;
    agent.touched[touch.tier] = 0;
    taken.push_back(
        {touch.offset, touch.n, std::string(agent.name_space()), std::string(agent.agent_id()), touch.tier});
  }
  touched_.clear();
  std::sort(taken.begin(), taken.end(), [](const Invalidation& a, const Invalidation& b) {
    return std::pair(a.offset, a.n) < std::pair(b.offset, b.n);
  });
  const bool everything = std::exchange(everything_touched_, false);
  return {everything ? Touched::Extent::kPartition : Touched::Extent::kAgents, std::move(taken)};
}

void State::put_pending(uint64_t number, const PendingWork& work) {
  scratch_.clear();
  encode_pending(work, scratch_);
  rows_.put(keys::of_sequence(keys::Row::kPending, number), scratch_);
}

void State::push_purge(const PendingWork& work) { put_pending(meta_.pending_next++, work); }

void State::push_forget(AgentState& agent, PendingWork work, const v1::Filter& filter) {
  const uint64_t number = meta_.pending_next++;
  put_pending(number, work);
  const std::string bytes = filter.SerializeAsString();
  rows_.put(keys::of_agent_sequence(keys::Row::kForget, agent.ord, number), bytes);
  agent.forgets.push_back({number, std::move(work), filter, bytes.size()});
  filter_bytes_ += bytes.size();
  ++meta_.pending_forgets;
}

Result<PendingWork> State::first_pending() {
  const uint64_t number = meta_.pending_first;
  MNEMO_CHECK(number < meta_.pending_next);
  std::string row;
  MNEMO_ASSIGN(const bool found, rows_.get(keys::of_sequence(keys::Row::kPending, number), row));
  if (!found) return damaged("pending work row " + std::to_string(number));
  PendingWork work;
  MNEMO_TRY(decode_pending(row, work));
  return work;
}

Result<const v1::Filter*> State::first_filter(const AgentState& agent) const {
  const bool there = !agent.forgets.empty() && agent.forgets.front().number == meta_.pending_first;
  if (!there) return damaged("filter of the pending forget " + std::to_string(meta_.pending_first));
  return &agent.forgets.front().filter;
}

void State::update_first_pending(AgentState& agent, const PendingWork& work) {
  put_pending(meta_.pending_first, work);
  if (work.type == PendingWork::Type::kForgetByFilter) agent.forgets.front().work = work;
}

void State::pop_pending(AgentState& agent, const PendingWork& work) {
  const uint64_t number = meta_.pending_first++;
  rows_.erase(keys::of_sequence(keys::Row::kPending, number));
  if (work.type != PendingWork::Type::kForgetByFilter) return;
  rows_.erase(keys::of_agent_sequence(keys::Row::kForget, agent.ord, number));
  filter_bytes_ -= agent.forgets.front().bytes;
  agent.forgets.erase(agent.forgets.begin());
  --meta_.pending_forgets;
}

Status State::set_rules(const Rules& rules, std::string_view serialized) {
  rules_ = rules;
  rows_.put(kRulesKey, serialized);
  everything_touched_ = true;
  return {};
}

Result<Policy> State::policy(std::string_view name_space) {
  const auto known = policies_.find(name_space);
  if (known != policies_.end()) return known->second;
  MNEMO_ASSIGN(const Policy policy, read_policy(rows_, name_space));
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
  everything_touched_ = true;
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
