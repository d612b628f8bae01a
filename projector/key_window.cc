#include <algorithm>

#include "events/coding.h"
#include "events/hash.h"
#include "projector/apply.h"

namespace mnemo {
namespace {

struct KeyRow {
  uint64_t number = 0;
  std::string fingerprint;
  Outcome outcome;
};

void encode_key_row(uint64_t number, std::string_view fingerprint, const Outcome& o, std::string& out) {
  put_varint(out, number);
  put_bytes(out, fingerprint);
  out.push_back(static_cast<char>(o.kind));
  out.push_back(static_cast<char>((o.refused ? 1 : 0) | (o.pending ? 2 : 0)));
  put_varint(out, static_cast<uint64_t>(o.code));
  put_varint(out, o.version);
  put_varint(out, o.count);
  out.append(reinterpret_cast<const char*>(o.event_id.data()), o.event_id.size());
  put_bytes(out, o.memory_key);
  put_bytes(out, o.message);
}

Status decode_key_row(std::string_view row, KeyRow& out) {
  Decoder in(row);
  out.number = in.varint();
  out.fingerprint = in.bytes();
  out.outcome.kind = static_cast<Outcome::Kind>(in.u8());
  const uint8_t flags = in.u8();
  out.outcome.refused = (flags & 1) != 0;
  out.outcome.pending = (flags & 2) != 0;
  out.outcome.code = static_cast<Code>(in.varint());
  out.outcome.version = static_cast<uint32_t>(in.varint());
  out.outcome.count = in.varint();
  const std::string_view id = in.raw(out.outcome.event_id.size());
  if (id.size() == out.outcome.event_id.size()) std::memcpy(out.outcome.event_id.data(), id.data(), id.size());
  out.outcome.memory_key = in.bytes();
  out.outcome.message = in.bytes();
  if (!in.done()) return fail(Code::kDataLoss, "a key row of a projection is damaged: rebuild it from the log");
  return {};
}

std::string window_key(AgentOrd ord, uint64_t number) {
  std::string key = keys::of_agent(keys::Row::kKeyWindow, ord);
  put_be64(key, number);
  return key;
}

// The number in a window row's key.
Result<uint64_t> window_number(std::string_view key) {
  Decoder in(key.substr(keys::of_agent(keys::Row::kKeyWindow, AgentOrd()).size()));
  const uint64_t number = in.be64();
  if (in.done()) return number;
  return fail(Code::kDataLoss,
              "the key window row " + to_hex(key) + " is damaged: rebuild the projection from the log");
}

// Numbers of the keys in the window, from the rows, when the agent was read anew.
Status load_window(State& state, AgentState& agent) {
  if (agent.keys_loaded) return {};
  const std::string from = keys::of_agent(keys::Row::kKeyWindow, agent.ord);
  agent.first_key = agent.next_key = 1;
  std::string key;
  std::string value;
  MNEMO_ASSIGN(const bool any, state.rows().last(from, prefix_end(from), key, value));
  if (any) {
    MNEMO_ASSIGN(const uint64_t newest, window_number(key));
    MNEMO_TRY(state.rows().scan(from, prefix_end(from), [&key](std::string_view first, std::string_view /*value*/) {
      key = first;
      return false;
    }));
    MNEMO_ASSIGN(agent.first_key, window_number(key));
    agent.next_key = newest + 1;
  }
  agent.keys_loaded = true;
  return {};
}

Status drop_oldest_key(State& state, AgentState& agent) {
  const std::string window = window_key(agent.ord, agent.first_key++);
  std::string key;
  MNEMO_ASSIGN(const bool found, state.rows().get(window, key));
  if (!found) return fail(Code::kDataLoss, "a key window row is missing: rebuild the projection from the log");
  std::string row;
  MNEMO_ASSIGN(const bool kept, state.rows().get(key, row));
  if (kept) state.remove(key, row);
  state.remove(window, key);
  return {};
}

}  // namespace

std::string key_row_key(const EventContext& event) {
  const std::string& own = event.envelope->idempotency_key();
  std::string key = keys::of_agent(keys::Row::kKey, event.agent->ord);
  // A client's key and an event id are never the same key, even with the same bytes.
  const std::string source = own.empty() ? "e" + event.envelope->event_id() : "k" + own;
  const Bytes16 hash = blake2b_128(source);
  key.append(reinterpret_cast<const char*>(hash.data()), hash.size());
  return key;
}

Result<bool> answer_from_key(State& state, const EventContext& event, Outcome& outcome) {
  std::string row;
  MNEMO_ASSIGN(const bool seen, state.rows().get(key_row_key(event), row));
  if (!seen) return false;
  KeyRow first;
  MNEMO_TRY(decode_key_row(row, first));
  const std::string& now = event.envelope->fingerprint();
  const bool checked = !now.empty() && !first.fingerprint.empty();
  if (checked && now != first.fingerprint) {
    outcome.kind = Outcome::Kind::kConflict;
    outcome.code = Code::kAlreadyExists;
    outcome.refused = true;
    outcome.event_id = first.outcome.event_id;
    outcome.memory_key = first.outcome.memory_key;
    outcome.message = "this idempotency key is taken: it was used for another request (fingerprint " +
                      to_hex(first.fingerprint) + ", this one's is " + to_hex(now) +
                      "). Use a new key for a new request, or repeat the first one as it was";
    return true;
  }
  outcome = first.outcome;
  outcome.kind = Outcome::Kind::kDuplicate;
  outcome.unchecked = !checked;
  if (outcome.memory_key.empty()) return true;
  MNEMO_ASSIGN(const FoundMemory now_there, find_memory(state, event, outcome.memory_key));
  outcome.forgotten = now_there.presence == FoundMemory::Presence::kTombstone;
  return true;
}

Status remember_key(State& state, const EventContext& event, const Outcome& outcome) {
  AgentState& agent = *event.agent;
  const std::string key = key_row_key(event);
  MNEMO_TRY(load_window(state, agent));
  const uint64_t number = agent.next_key++;
  state.insert(window_key(agent.ord, number), key);
  // Two at a time at most: enough to shrink to a smaller window, and bounded.
  for (int i = 0; i < 2 && agent.next_key - agent.first_key > state.rules().key_window; ++i) {
    MNEMO_TRY(drop_oldest_key(state, agent));
  }
  std::string row;
  encode_key_row(number, event.envelope->fingerprint(), outcome, row);
  state.insert(key, row);
  return {};
}

namespace {

// Whether the same record was accepted once more, its key having left the window, while this forget was at work: the
// key row tells of the later one then.
bool accepted_again(const AgentState& agent, const PendingWork& forget) {
  const auto same = [&forget](const PendingFilter& other) {
    return other.work.key == forget.key && other.work.event_id == forget.event_id;
  };
  return std::count_if(agent.forgets.begin(), agent.forgets.end(), same) > 1;
}

}  // namespace

Status settle_key(State& state, const AgentState& agent, const PendingWork& forget) {
  if (accepted_again(agent, forget)) return {};
  const std::string& key = forget.key;
  std::string before;
  MNEMO_ASSIGN(const bool kept, state.rows().get(key, before));
  if (!kept) return {};  // it has left the window by now
  KeyRow row;
  MNEMO_TRY(decode_key_row(before, row));
  if (row.outcome.event_id != forget.event_id) return {};  // it has left the window, and came back with another event
  row.outcome.count = forget.count;
  row.outcome.pending = false;
  std::string after;
  encode_key_row(row.number, row.fingerprint, row.outcome, after);
  state.replace(key, before, after);
  return {};
}

Status reject(State& state, const EventContext& event, Code code, std::string message, Outcome& outcome) {
  outcome.kind = Outcome::Kind::kRejected;
  outcome.code = code;
  outcome.refused = true;
  outcome.message = std::move(message);
  outcome.event_id = event.event_id;
  state.count_accepted();
  ++state.meta().counters.rejected;
  return remember_key(state, event, outcome);
}

}  // namespace mnemo
