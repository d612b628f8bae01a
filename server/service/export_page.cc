#include "server/service/export_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "events/coding.h"
#include "events/ids.h"
#include "projector/links.h"
#include "projector/store/memory_id.h"
#include "server/service/answers.h"
#include "server/service/messages.h"

namespace mnemo {
namespace {

constexpr int kQuantumMax = 127;
using Float = std::numeric_limits<float>;

// What one byte of a vector stands for. Nothing but zero comes back as less than the least normal number, which would
// count as zero: where rounding would make that, the least normal number stands for the same byte.
float dequantized(int8_t quantum, float largest) {
  if (quantum == 0) return 0;
  const double exact = std::abs(quantum) * static_cast<double>(largest) / kQuantumMax;
  const float magnitude = std::max(static_cast<float>(exact), Float::min());
  return quantum < 0 ? -magnitude : magnitude;
}

// Where a page begins: at a document, or at a link, whose row's key follows.
struct Place {
  uint32_t doc = 0;
  bool links = false;
  std::string link;
};

std::string cursor_of(const Place& place) {
  return place.links ? "l" + to_hex(place.link) : fmt::format("m{}", place.doc);
}

Result<Place> place_of(const std::string& cursor) {
  Place place;
  if (cursor.empty()) return place;
  const char* const begin = cursor.data() + 1;
  const char* const end = cursor.data() + cursor.size();
  if (cursor.front() == 'm') {
    const auto [read, error] = std::from_chars(begin, end, place.doc);
    if (error == std::errc() && read == end) return place;
  }
  if (const auto key = from_hex(cursor.substr(1)); cursor.front() == 'l' && key) {
    place.links = true;
    place.link = *key;
    return place;
  }
  return fail(Code::kInvalidArgument, "cursor is not one that an export gave: leave it out for the first page");
}

class ExportPage {
 public:
  ExportPage(const View& view, const Scope& scope, AgentRef agent, DocSet visible, uint32_t limit)
      : view_(view), scope_(scope), agent_(agent), visible_(std::move(visible)), limit_(limit) {}

  Result<v1::ExportMemoriesResponse> from(Place place) {
    if (!place.links) MNEMO_TRY(memories(place.doc));
    const bool links_next = place.links || page_.next_cursor().empty();
    if (links_next) MNEMO_TRY(links(place.link));
    page_.set_truncated(!page_.next_cursor().empty());
    page_.set_position(position_of(view_));
    return std::move(page_);
  }

 private:
  bool full() const { return count_ == limit_ || bytes_ >= kExportPageBytesMax; }
  template <typename Message>
  void count(const Message& added) {
    ++count_;
    bytes_ += added.ByteSizeLong();
  }

  Status memories(uint32_t doc) {
    for (; doc < agent_.docs; ++doc) {
      if (!visible_.contains(doc)) continue;
      if (full()) {
        page_.set_next_cursor(cursor_of({doc, false, {}}));
        return {};
      }
      MNEMO_ASSIGN(*page_.add_memories(), exported_memory(view_, scope_, agent_, doc));
      count(page_.memories(page_.memories_size() - 1));
    }
    return {};
  }

  Status links(const std::string& after) {
    const std::string prefix = keys::of_agent(keys::Row::kLink, agent_.ord);
    Status read;
    MNEMO_TRY(view_.scan(prefix + after, prefix_end(prefix), [&](std::string_view key, std::string_view /*value*/) {
      const Result<bool> added = link(key);
      if (!added) read = fail(added.error());
      if (!added) return false;
      if (!*added) page_.set_next_cursor(cursor_of({0, true, std::string(key.substr(prefix.size()))}));
      return *added;
    }));
    return read;
  }

  // False: the page is full.
  Result<bool> link(std::string_view key) {
    Link link;
    if (!decode_link(key, link)) return fail(Code::kDataLoss, "a link row is damaged: rebuild the projection");
    MNEMO_ASSIGN(const bool leaves, exported(link.from));
    MNEMO_ASSIGN(const bool reaches, exported(link.to));
    if (!leaves || !reaches) return true;
    if (full()) return false;
    v1::MemoryLink& out = *page_.add_links();
    out.set_from(memory_id_text(link.from));
    out.set_type(link.type);
    out.set_to(memory_id_text(link.to));
    count(out);
    return true;
  }

  Result<bool> exported(std::string_view memory_key) const {
    MNEMO_ASSIGN(const auto row, view_.memory(agent_.ord, memory_key));
    return row && row->state == MemoryRow::State::kLive && visible_.contains(row->doc);
  }

  const View& view_;
  const Scope scope_;
  const AgentRef agent_;
  const DocSet visible_;
  const uint32_t limit_;
  v1::ExportMemoriesResponse page_;
  uint32_t count_ = 0;
  size_t bytes_ = 0;
};

}  // namespace

Result<v1::EmbeddingInput> embedding_of_row(std::string_view model, std::string_view row) {
  Decoder in(row);
  const auto largest = std::bit_cast<float>(in.be32());
  const std::string_view quanta = in.bytes();
  if (!in.done()) return fail(Code::kDataLoss, "a vector row is damaged: rebuild the projection from the log");
  v1::EmbeddingInput embedding;
  embedding.set_model(std::string(model));
  for (const char quantum : quanta) embedding.add_values(dequantized(static_cast<int8_t>(quantum), largest));
  return embedding;
}

Result<v1::ExportMemoriesResponse::Exported> exported_memory(const View& view, const Scope& scope,
                                                             const AgentRef& agent, uint32_t doc) {
  std::string row;
  Record record;
  MNEMO_TRY(view.record(agent.ord, doc, row, record));
  v1::ExportMemoriesResponse::Exported exported;
  *exported.mutable_memory() = message_from(memory_from(record, scope.name_space, scope.agent_id));
  const std::string prefix = keys::of_number(keys::Row::kVector, agent.ord, doc);
  Status read;
  MNEMO_TRY(view.scan(prefix, prefix_end(prefix), [&](std::string_view key, std::string_view value) {
    Result<v1::EmbeddingInput> embedding = embedding_of_row(key.substr(prefix.size()), value);
    if (embedding) {
      *exported.add_embeddings() = *std::move(embedding);
    } else {
      read = fail(embedding.error());
    }
    return read.has_value();
  }));
  MNEMO_TRY(read);
  return exported;
}

Result<v1::ExportMemoriesResponse> export_page(const View& view, const Scope& scope, uint32_t limit,
                                               const std::string& cursor) {
  MNEMO_ASSIGN(Place place, place_of(cursor));
  MNEMO_ASSIGN(const auto agent, view.agent(scope.name_space, scope.agent_id));
  if (!agent) {
    v1::ExportMemoriesResponse nothing;
    nothing.set_position(position_of(view));
    return nothing;
  }
  MNEMO_ASSIGN(const auto index, view.index(*agent));
  MNEMO_ASSIGN(Visible visible, visible_documents(view, *agent, *index, view.meta().event_time_ms));
  // Times that could not be read counted as 0 meanwhile: what was made of them must not leave.
  MNEMO_TRY(index->status());
  return ExportPage(view, scope, *agent, std::move(visible.docs), limit).from(std::move(place));
}

}  // namespace mnemo
