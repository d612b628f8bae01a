#include "consumers/verify_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "consumers/row_cursor.h"
#include "projector/store/agent_rows.h"
#include "projector/store/record_index.h"

namespace mnemo {
namespace {

using keys::Row;

bool is_compared(std::string_view key) { return static_cast<Row>(key[0]) != Row::kOutbox && key != kMetaKey; }
bool is_partitions_own(std::string_view key) { return static_cast<Row>(key[0]) == Row::kMeta; }

std::string_view name_of_own(std::string_view key) {
  if (key == kMetaKey) return "meta row";
  if (key == kPointsKey) return "digest points row";
  if (key == kRulesKey) return "rules row";
  return key == kVersionKey ? "version row" : "unknown row";
}

std::string_view kind_of_row(Row row) {
  switch (row) {
    case Row::kAgent: return "agent row";
    case Row::kAgentName: return "agent name row";
    case Row::kRecord: return "record row";
    case Row::kMemory: return "memory row";
    case Row::kKey: return "key row";
    case Row::kKeyWindow: return "key window row";
    case Row::kExpiry: return "expiry row";
    case Row::kLink: return "link row";
    case Row::kBacklink: return "backward link row";
    case Row::kVector: return "vector row";
    case Row::kAccess: return "access row";
    case Row::kPolicy: return "policy row";
    case Row::kOperation: return "operation row";
    case Row::kOperationPlace: return "operation order row";
    case Row::kOperationEnd: return "finished operation row";
    case Row::kMeta: return "meta row";
    case Row::kPending: return "pending work row";
    case Row::kForget: return "pending forget row";
    case Row::kSkip: return "skip row";
    case Row::kOutbox: return "outbox row";
    case Row::kColumns: return "index columns row";
    case Row::kMask: return "index mask row";
    case Row::kBlock: return "index block row";
    case Row::kFence: return "index fence row";
    case Row::kChunk: return "index chunk row";
    case Row::kIndexWork: return "index work row";
  }
  return "unknown row";
}

bool is_of_agent(Row row) {
  return row != Row::kAgent && row != Row::kPolicy && row != Row::kPending && row != Row::kSkip &&
         row != Row::kOutbox && row != Row::kIndexWork && row != Row::kMeta && row != Row::kExpiry &&
         row != Row::kOperation && row != Row::kOperationPlace && row != Row::kOperationEnd;
}

Status skip_uncompared(RowCursor& cursor) {
  while (cursor.valid() && !is_compared(cursor.key())) MNEMO_TRY(cursor.next());
  return {};
}

// Documents of one agent that are the current version of a live memory.
Result<std::vector<bool>> live_documents(const View& view, const AgentRef& agent) {
  std::vector<bool> live(agent.docs);
  Status decoded;
  const std::string from = keys::of_agent(Row::kMemory, agent.ord);
  MNEMO_TRY(view.scan(from, prefix_end(from), [&](std::string_view /*key*/, std::string_view row) {
    MemoryRowValue value;
    decoded = decode_memory_row(row, value);
    const bool current = decoded && value.row.state == MemoryRow::State::kLive && value.row.doc < agent.docs;
    if (current) live[value.row.doc] = true;
    return decoded.has_value();
  }));
  MNEMO_TRY(decoded);
  return live;
}

Result<std::vector<DigestPoint>> stored_points(const View& view) {
  std::vector<DigestPoint> points;
  std::string row;
  MNEMO_ASSIGN(const bool found, view.get(kPointsKey, row));
  if (found) MNEMO_TRY(decode_points(row, points));
  return points;
}

std::string describe(const DigestPoint* point) {
  if (point == nullptr) return "no such point";
  return fmt::format("seq {} at offset {}, state {} content {}{}", point->seq, point->offset, to_hex(point->state),
                     to_hex(point->content), point->settled ? ", settled" : "");
}

// The fields of a meta row beside digests and outbox, as they are told.
std::vector<std::pair<std::string_view, std::string>> fields(const Meta& m) {
  const Counters& c = m.counters;
  const auto number = [](auto value) { return fmt::format("{}", value); };
  return {{"log id", to_hex(m.log_id)},
          {"epoch", number(m.epoch)},
          {"offset", number(m.next_offset)},
          {"last offset", number(m.last_offset)},
          {"last event id", to_hex(m.last_event_id)},
          {"last checksum", number(m.last_checksum)},
          {"fingerprint check", to_hex(m.fingerprint_check)},
          {"seq", number(m.seq)},
          {"event time", number(m.event_time_ms)},
          {"next agent", number(m.next_ord)},
          {"first pending", number(m.pending_first)},
          {"next pending", number(m.pending_next)},
          {"expiry due", number(m.expiry_due)},
          {"applied", number(c.applied)},
          {"rejected", number(c.rejected)},
          {"duplicates", number(c.duplicates)},
          {"conflicts", number(c.conflicts)},
          {"control", number(c.control)},
          {"skipped", fmt::format("{}", fmt::join(c.skipped, " "))},
          {"memories", number(c.memories)},
          {"expired", number(c.expired)},
          {"forgotten", number(c.forgotten)}};
}

// What is wrong with the meta row itself, or nothing. One that decodes to the right values from bytes that nobody
// writes was damaged all the same.
Result<std::string> fault_of_row(const View& view) {
  std::string row;
  MNEMO_ASSIGN(const bool found, view.get(kMetaKey, row));
  if (!found) {
    RowCursor any(view);
    MNEMO_TRY(any.start());
    return std::string(any.valid() ? "it is missing" : "");
  }
  std::string written;
  encode_meta(view.meta(), written);
  return std::string(row == written ? "" : "its bytes are not as any build writes them");
}

}  // namespace

Status compare_points(const View& live, const View& replayed, PartitionReport& report, std::vector<Finding>& findings) {
  MNEMO_ASSIGN(const auto ours, stored_points(live));
  MNEMO_ASSIGN(const auto theirs, stored_points(replayed));
  const auto [our, their] = std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end());
  report.points = static_cast<uint64_t>(our - ours.begin());
  const DigestPoint* const found = our == ours.end() ? nullptr : &*our;
  const DigestPoint* const expected = their == theirs.end() ? nullptr : &*their;
  if (found == nullptr && expected == nullptr) return {};
  const DigestPoint& at = expected != nullptr ? *expected : *found;
  findings.push_back({report.partition, "digest", fmt::format("digest point at seq {}, offset {}", at.seq, at.offset),
                      fmt::format("{}, the log says {}", describe(found), describe(expected))});
  return {};
}

Status compare_meta(const View& live, const View& replayed, PartitionReport& report, std::vector<Finding>& findings) {
  const Meta& ours = live.meta();
  const Meta& theirs = replayed.meta();
  if (ours.state != theirs.state || ours.content != theirs.content) {
    findings.push_back({report.partition, "digest", fmt::format("offset {}", ours.next_offset),
                        fmt::format("state {} content {}, the log says state {} content {}", to_hex(ours.state),
                                    to_hex(ours.content), to_hex(theirs.state), to_hex(theirs.content))});
  }
  const auto our_fields = fields(ours);
  const auto their_fields = fields(theirs);
  std::string message;
  for (size_t i = 0; i < our_fields.size(); ++i) {
    if (our_fields[i] == their_fields[i]) continue;
    message += fmt::format("{}{} {}, the log says {}", message.empty() ? "" : "; ", our_fields[i].first,
                           our_fields[i].second, their_fields[i].second);
  }
  MNEMO_ASSIGN(const std::string fault, fault_of_row(live));
  if (message.empty()) message = fault;
  if (message.empty()) return {};
  findings.push_back({report.partition, "position", fmt::format("meta row, offset {}", ours.next_offset), message});
  return {};
}

Result<std::string> row_name(const View& view, std::string_view key) {
  const auto row = static_cast<Row>(key[0]);
  if (is_partitions_own(key)) return fmt::format("{} {}", name_of_own(key), key);
  const std::string_view kind = kind_of_row(row);
  const std::string rest = to_hex(key.substr(1));
  if (!is_of_agent(row) || key.size() < 5) return fmt::format("{} {}", kind, rest);
  const AgentOrd ord(get_be32(key.data() + 1));
  std::string name;
  MNEMO_ASSIGN(const bool known, view.get(keys::of_agent(Row::kAgentName, ord), name));
  if (known) std::replace(name.begin(), name.end(), kKeySeparator, '/');
  const std::string agent = known ? "agent " + name : fmt::format("agent number {}", ord.value);
  const bool numbered = key.size() == 9;
  if (numbered) return fmt::format("{} {} of {}", kind, get_be32(key.data() + 5), agent);
  return fmt::format("{} {} of {}", kind, to_hex(key.substr(5)), agent);
}

Status compare_rows(const View& live, const View& replayed, PartitionReport& report, std::vector<Finding>& findings) {
  RowCursor ours(live);
  RowCursor theirs(replayed);
  MNEMO_TRY(ours.start());
  MNEMO_TRY(theirs.start());
  while (true) {
    MNEMO_TRY(skip_uncompared(ours));
    MNEMO_TRY(skip_uncompared(theirs));
    if (!ours.valid() && !theirs.valid()) return {};
    const bool missing = !ours.valid() || (theirs.valid() && theirs.key() < ours.key());
    const bool extra = !theirs.valid() || (ours.valid() && ours.key() < theirs.key());
    const std::string& key = missing ? theirs.key() : ours.key();
    if (missing || extra || ours.value() != theirs.value()) {
      MNEMO_ASSIGN(std::string where, row_name(missing ? replayed : live, key));
      const char* message = missing ? "is missing; the log's events put it there"
                            : extra ? "is there, and no event of the log put it there"
                                    : "has another value than the log's events give it";
      findings.push_back({report.partition, "rows", std::move(where), message});
      if (!is_partitions_own(key)) return {};
    }
    ++report.rows;
    if (!missing) MNEMO_TRY(ours.next());
    if (!extra) MNEMO_TRY(theirs.next());
  }
}

Status compare_indexes(const View& live, PartitionReport& report, std::vector<Finding>& findings) {
  const LoadDoc load = load_from_records();
  const std::string from = keys::start(Row::kAgentName);
  RowCursor names(live, from, prefix_end(from));
  MNEMO_TRY(names.start());
  while (names.valid()) {
    const std::string name = names.value();
    MNEMO_TRY(names.next());
    const size_t split = name.find(kKeySeparator);
    if (split == std::string::npos) continue;  // told by compare_rows, as what follows is
    MNEMO_ASSIGN(const auto agent, live.agent(name.substr(0, split), name.substr(split + 1)));
    if (!agent) continue;
    MNEMO_ASSIGN(const std::vector<bool> current, live_documents(live, *agent));
    std::string difference;
    const auto is_live = [&current](DocNo doc) { return current[doc.value]; };
    const bool scrubbed = live.meta().index.empty();
    Status checked = check_agent_index(live, load, agent->ord, agent->docs, is_live, scrubbed, &difference);
    const bool failed = !checked && checked.error().code == Code::kUnavailable;
    if (failed) return checked;
    if (!checked) difference = checked.error().message;
    ++report.agents;
    if (difference.empty()) continue;
    findings.push_back({report.partition, "index", difference, "does not say what the agent's records say"});
    return {};
  }
  return {};
}

}  // namespace mnemo
