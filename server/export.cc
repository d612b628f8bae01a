#include "server/export.h"

#include "projector/links.h"
#include "projector/store/memory_id.h"
#include "query/engine.h"
#include "server/json_embedding.h"
#include "server/json_line.h"

namespace mnemo {
namespace {

using RowVisit = std::function<Status(std::string_view key, std::string_view value)>;

Status each_row(const View& view, const std::string& prefix, const RowVisit& visit) {
  Status visited;
  MNEMO_TRY(view.scan(prefix, prefix_end(prefix), [&](std::string_view key, std::string_view value) {
    visited = visit(key, value);
    return visited.has_value();
  }));
  return visited;
}

class AgentExport {
 public:
  AgentExport(const View& view, const Scope& scope, AgentRef agent, DocSet visible, const LineSink& sink)
      : view_(view), scope_(scope), agent_(agent), visible_(std::move(visible)), sink_(sink) {}

  Result<uint64_t> memories() {
    uint64_t count = 0;
    for (uint32_t doc = 0; doc < agent_.docs; ++doc) {
      if (!visible_.contains(doc)) continue;
      MNEMO_TRY(memory(doc));
      ++count;
    }
    return count;
  }

  Status links() {
    const std::string from = keys::of_agent(keys::Row::kLink, agent_.ord);
    return each_row(view_, from, [this](std::string_view key, std::string_view /*value*/) -> Status {
      Link link;
      if (!decode_link(key, link)) return fail(Code::kDataLoss, "a link row is damaged: rebuild the projection");
      MNEMO_ASSIGN(const bool leaves, exported(link.from));
      MNEMO_ASSIGN(const bool reaches, exported(link.to));
      if (!leaves || !reaches) return {};
      sink_(link_line(scope_, memory_id_text(link.from), link.type, memory_id_text(link.to)));
      return {};
    });
  }

 private:
  Status memory(uint32_t doc) {
    MNEMO_ASSIGN(const auto lines, export_memory(view_, scope_, agent_, doc));
    for (const Json& line : lines) sink_(line);
    return {};
  }

  Result<bool> exported(std::string_view memory_key) const {
    MNEMO_ASSIGN(const auto row, view_.memory(agent_.ord, memory_key));
    return row && row->state == MemoryRow::State::kLive && visible_.contains(row->doc);
  }

  const View& view_;
  const Scope scope_;
  const AgentRef agent_;
  const DocSet visible_;
  const LineSink& sink_;
};

}  // namespace

Result<std::vector<Json>> export_memory(const View& view, const Scope& scope, const AgentRef& agent, uint32_t doc) {
  std::string row;
  Record record;
  MNEMO_TRY(view.record(agent.ord, doc, row, record));
  const Memory memory = memory_from(record, scope.name_space, scope.agent_id);
  std::vector<Json> lines{importable_json_from(memory)};
  const std::string prefix = keys::of_number(keys::Row::kVector, agent.ord, doc);
  MNEMO_TRY(each_row(view, prefix, [&](std::string_view key, std::string_view value) -> Status {
    MNEMO_ASSIGN(Json embedding, embedding_json(key.substr(prefix.size()), value));
    if (lines.front().contains("embedding")) {
      lines.push_back(attach_line(scope, memory.id, std::move(embedding)));
    } else {
      lines.front()["embedding"] = std::move(embedding);
    }
    return {};
  }));
  return lines;
}

Result<uint64_t> export_agent(const View& view, const Scope& scope, const LineSink& sink) {
  MNEMO_ASSIGN(const auto agent, view.agent(scope.name_space, scope.agent_id));
  if (!agent) return 0;
  MNEMO_ASSIGN(const auto index, view.index(*agent));
  MNEMO_ASSIGN(Visible visible, visible_documents(view, *agent, *index, view.meta().event_time_ms));
  // Times that could not be read counted as 0 meanwhile: what was made of them must not leave.
  MNEMO_TRY(index->status());
  AgentExport out(view, scope, *agent, std::move(visible.docs), sink);
  MNEMO_ASSIGN(const uint64_t count, out.memories());
  MNEMO_TRY(out.links());
  return count;
}

}  // namespace mnemo
