#include "consumers/verify_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "consumers/row_cursor.h"
#include "projector/store/agent_rows.h"
#include "projector/store/record_index.h"

namespace mnemo {
namespace {

using keys::Row;

bool is_compared(std::string_view key) {
  const auto row = static_cast<Row>(key[0]);
  return row != Row::kMeta && row != Row::kOutbox;
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
         row != Row::kOutbox && row != Row::kIndexWork && row != Row::kMeta && row != Row::kExpiry;
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

}  // namespace

Result<std::vector<DigestPoint>> stored_points(const View& view) {
  std::vector<DigestPoint> points;
  std::string row;
  MNEMO_ASSIGN(const bool found, view.get(kPointsKey, row));
  if (found) MNEMO_TRY(decode_points(row, points));
  return points;
}

Result<std::string> row_name(const View& view, std::string_view key) {
  const auto row = static_cast<Row>(key[0]);
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
    if (missing || extra || ours.value() != theirs.value()) {
      const std::string& key = missing ? theirs.key() : ours.key();
      MNEMO_ASSIGN(std::string where, row_name(missing ? replayed : live, key));
      const char* message = missing ? "is missing; the log's events put it there"
                            : extra ? "is there, and no event of the log put it there"
                                    : "has another value than the log's events give it";
      findings.push_back({report.partition, "rows", std::move(where), message});
      return {};
    }
    ++report.rows;
    MNEMO_TRY(ours.next());
    MNEMO_TRY(theirs.next());
  }
}

Status compare_indexes(const View& live, PartitionReport& report, std::vector<Finding>& findings) {
  const LoadDoc load = load_from_records();
  std::vector<std::string> names;
  const std::string from = keys::start(Row::kAgentName);
  MNEMO_TRY(live.scan(from, prefix_end(from), [&names](std::string_view /*key*/, std::string_view name) {
    names.emplace_back(name);
    return true;
  }));
  for (const std::string& name : names) {
    const size_t split = name.find(kKeySeparator);
    MNEMO_ASSIGN(const auto agent, live.agent(name.substr(0, split), name.substr(split + 1)));
    if (!agent) continue;  // its row is missing: told by compare_rows
    MNEMO_ASSIGN(const std::vector<bool> current, live_documents(live, *agent));
    std::string difference;
    const auto is_live = [&current](DocNo doc) { return current[doc.value]; };
    const bool scrubbed = live.meta().index.empty();
    const Status checked = check_agent_index(live, load, agent->ord, agent->docs, is_live, scrubbed, &difference);
    if (!checked) difference = checked.error().message;
    ++report.agents;
    if (difference.empty()) continue;
    findings.push_back({report.partition, "index", difference, "does not say what the agent's records say"});
    return {};
  }
  return {};
}

}  // namespace mnemo
