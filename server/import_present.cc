#include "server/import_present.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/fingerprint.h"
#include "projector/links.h"
#include "projector/store/memory_id.h"
#include "server/export.h"
#include "server/json_line.h"
#include "server/service/export_page.h"

namespace mnemo {
namespace {

std::string field_name(std::string name) {
  if (name == "memory_id") return "id";
  if (name.ends_with("_ms")) name.resize(name.size() - 3);
  return name;
}

// Names of the fields that the line gives and that are otherwise in the memory.
std::vector<std::string> differing_fields(v1::Envelope line, v1::Envelope memory) {
  const google::protobuf::Descriptor& fields = *v1::Remembered::descriptor();
  const google::protobuf::Reflection& reflection = *v1::Remembered::GetReflection();
  v1::Envelope nothing;
  nothing.mutable_remembered();
  const std::string unset = canonical_encoding(nothing);
  std::vector<std::string> names;
  for (int i = 0; i < fields.field_count(); ++i) {
    const std::vector<const google::protobuf::FieldDescriptor*> field = {fields.field(i)};
    v1::Envelope given = nothing;
    v1::Envelope kept = nothing;
    reflection.SwapFields(line.mutable_remembered(), given.mutable_remembered(), field);
    reflection.SwapFields(memory.mutable_remembered(), kept.mutable_remembered(), field);
    const std::string bytes = canonical_encoding(given);
    if (bytes != unset && bytes != canonical_encoding(kept)) names.push_back(field_name(fields.field(i)->name()));
  }
  return names;
}

std::string why_not(const v1::Envelope& line, const v1::Envelope& memory) {
  const std::vector<std::string> differ = differing_fields(line, memory);
  return fmt::format(
      "memory {} is there already, {}: update it, or give the line another id", line.remembered().memory_id(),
      differ.empty() ? "with more than the line says" : fmt::format("and differs in {}", fmt::join(differ, ", ")));
}

// The id of the memory that the line is about and that may be there already; empty: the log alone knows.
std::string_view id_of(const v1::Envelope& line) {
  if (line.has_remembered()) return line.remembered().memory_id();
  return line.has_embedding_attached() ? line.embedding_attached().memory_id() : std::string_view();
}

}  // namespace

Result<LineFinding> compare_line(const v1::Envelope& line, const std::vector<Json>& exported) {
  for (const Json& each : exported) {
    MNEMO_ASSIGN(const v1::Envelope there, envelope_from_line(each, line.namespace_()));
    if (line.has_remembered()) {
      if (canonical_encoding(line) == canonical_encoding(there)) return LineFinding{true, {}};
      return LineFinding{false, why_not(line, there)};  // the others are of embeddings
    }
    const v1::Embedding& embedding =
        there.has_remembered() ? there.remembered().embedding() : there.embedding_attached().embedding();
    const v1::Embedding& given = line.embedding_attached().embedding();
    if (embedding.model() == given.model() && embedding.values_f32_le() == given.values_f32_le()) {
      return LineFinding{true, {}};
    }
  }
  return LineFinding{};
}

Result<View*> PresentLines::view_for(const v1::Envelope& line) {
  const PartitionId partition = session_.partition_for(line.namespace_(), line.agent_id());
  std::unique_ptr<View>& view = views_[partition];
  if (view == nullptr) {
    MNEMO_ASSIGN(view, session_.node().view(partition));
  }
  return view.get();
}

// What no read shows is nothing to compare with.
Result<bool> PresentLines::visible(const View& view, const v1::Envelope& line, std::string_view id) const {
  const auto found = session_.engine().get(view, line.namespace_(), line.agent_id(), id);
  if (found) return true;
  if (found.error().code == Code::kNotFound) return false;
  return fail(found.error());
}

Result<LineFinding> PresentLines::find_link(const View& view, const AgentRef& agent, const v1::Envelope& line) const {
  const v1::Linked& e = line.linked();
  const std::string to = memory_key_from_text(e.to_memory_id());
  const std::string from = links_from(agent.ord, memory_key_from_text(e.from_memory_id()));
  LineFinding found;
  MNEMO_TRY(view.scan(from, prefix_end(from), [&](std::string_view key, std::string_view /*value*/) {
    Link link;
    found.there = decode_link(key, link) && link.type == e.type() && link.to == to;
    return !found.there;
  }));
  if (!found.there) return found;
  MNEMO_ASSIGN(const bool leaves, visible(view, line, e.from_memory_id()));
  MNEMO_ASSIGN(const bool reaches, visible(view, line, e.to_memory_id()));
  found.there = leaves && reaches;
  return found;
}

Result<LineFinding> PresentLines::find_memory(const View& view, const AgentRef& agent, const v1::Envelope& line) const {
  const std::string_view id = id_of(line);
  if (id.empty()) return LineFinding{};
  MNEMO_ASSIGN(const auto row, view.memory(agent.ord, memory_key_from_text(id)));
  if (!row || row->state != MemoryRow::State::kLive) return LineFinding{};
  MNEMO_ASSIGN(const bool shown, visible(view, line, id));
  if (!shown) return LineFinding{};
  MNEMO_ASSIGN(const auto exported, exported_memory(view, {line.namespace_(), line.agent_id()}, agent, row->doc));
  return compare_line(line, export_lines(exported));
}

Result<LineFinding> PresentLines::find(const v1::Envelope& line) {
  // A key that has never acted must be remembered, or act no more.
  if (!line.idempotency_key().empty()) return LineFinding{};
  MNEMO_ASSIGN(const View* view, view_for(line));
  MNEMO_ASSIGN(const auto agent, view->agent(line.namespace_(), line.agent_id()));
  if (!agent) return LineFinding{};
  return line.has_linked() ? find_link(*view, *agent, line) : find_memory(*view, *agent, line);
}

}  // namespace mnemo
