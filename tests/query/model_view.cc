#include "tests/query/model_view.h"

#include <algorithm>
#include <set>

#include "projector/store/record_index.h"

namespace mnemo::query_test {
namespace {

class ModelIndex final : public AgentIndex {
 public:
  ModelIndex(const std::vector<ModelView::Doc>& docs, Status columns)
      : columns_(std::move(columns)),
        live_(static_cast<uint32_t>(docs.size())),
        records_(docs.size()),
        indexed_(docs.size()),
        holders_(docs.size()) {
    Analyzer analyzer;
    for (uint32_t doc = 0; doc < docs.size(); ++doc) {
      if (!docs[doc].live) continue;
      live_.insert(doc);
      MNEMO_CHECK(decode_record(docs[doc].row, records_[doc]).has_value());
      index_record(records_[doc], analyzer, indexed_[doc], holders_[doc]);
    }
  }

  uint32_t docs() const override { return live_.docs(); }
  const DocSet& live() const override { return live_; }
  uint64_t live_words() const override {
    uint64_t words = 0;
    for (const IndexedDoc& doc : indexed_) words += doc.length;
    return words;
  }
  uint32_t length(uint32_t doc) const override { return indexed_[doc].length; }
  TimestampMs observed_at_ms(uint32_t doc) const override { return indexed_[doc].observed_at_ms; }
  TimestampMs recorded_at_ms(uint32_t doc) const override { return indexed_[doc].recorded_at_ms; }
  TimestampMs expires_at_ms(uint32_t doc) const override { return indexed_[doc].expires_at_ms; }
  Status status() const override { return columns_; }

  Status expired(TimestampMs now_ms, DocSet& out) override {
    return select(out, [&](uint32_t doc) { return expires_at_ms(doc) != 0 && expires_at_ms(doc) <= now_ms; });
  }
  Status postings(uint32_t term, uint32_t first_doc, uint32_t end_doc, const DocSet& among,
                  std::vector<Posting>& out) override {
    const size_t before = out.size();
    for (uint32_t doc = first_doc; doc < end_doc; ++doc) {
      if (!among.contains(doc)) continue;
      for (const TermCount& count : indexed_[doc].terms) {
        if (count.hash == term) out.push_back({doc, count.count});
      }
    }
    reads_.postings += out.size() - before;
    return {};
  }
  // One document a range.
  Status bounds(uint32_t term, const DocSet& among, std::vector<TermBound>& out) override {
    std::vector<Posting> all;
    MNEMO_TRY(postings(term, 0, docs(), live(), all));
    reads_.postings -= all.size();  // looked at, not given
    for (const Posting& posting : all) {
      out.push_back({posting.doc, posting.doc + 1, posting.count, length(posting.doc), among.contains(posting.doc)});
    }
    return {};
  }
  Status filter(FilterField field, std::string_view value, bool prefix, DocSet& out) override {
    return select(out, [&](uint32_t doc) {
      return std::any_of(indexed_[doc].filters.begin(), indexed_[doc].filters.end(), [&](const FilterTerm& term) {
        return term.field == field && (prefix ? term.value.starts_with(value) : term.value == value);
      });
    });
  }
  Status values(FilterField field, std::vector<std::pair<std::string, uint32_t>>& out) override {
    std::map<std::string, uint32_t> counts;
    for (const IndexedDoc& doc : indexed_) {
      for (const FilterTerm& term : doc.filters) {
        if (term.field == field) ++counts[std::string(term.value)];
      }
    }
    out.assign(counts.begin(), counts.end());
    return {};
  }
  const IndexReads& reads() const override { return reads_; }

 private:
  template <typename Holds>
  Status select(DocSet& out, Holds holds) {
    out = DocSet(docs());
    for (uint32_t doc = 0; doc < docs(); ++doc) {
      if (live_.contains(doc) && holds(doc)) out.insert(doc);
    }
    return {};
  }

  Status columns_;
  DocSet live_;
  std::vector<Record> records_;
  std::vector<IndexedDoc> indexed_;  // empty for dead documents
  std::vector<std::string> holders_;
  IndexReads reads_;
};

}  // namespace

ModelView::Agent& ModelView::agent_of(const std::string& agent_id) {
  const auto [at, added] = ords_.emplace(agent_id, AgentOrd(static_cast<uint32_t>(agents_.size())));
  if (added) agents_.emplace_back();
  return agents_[at->second.value];
}

uint32_t ModelView::put(const Draft& draft, const std::string& agent_id) {
  Agent& agent = agent_of(agent_id);
  const auto doc = static_cast<uint32_t>(agent.docs.size());
  const MemoryKey key = memory_key_from_text(draft.id);
  uint32_t version = 1;
  uint32_t previous = 0;
  TimestampMs created_at_ms = 0;
  const auto before = agent.memories.find(key);
  if (before != agent.memories.end() && before->second.state == MemoryRow::State::kLive) {
    previous = before->second.doc;
    Record record;
    MNEMO_CHECK(decode_record(agent.docs[previous].row, record).has_value());
    version = record.version + 1;
    created_at_ms = record.created_at_ms;
    agent.docs[previous].live = false;
  }
  agent.docs.push_back({encode_draft(draft, ++meta_.seq, version, previous, created_at_ms), true});
  agent.memories[key] = {MemoryRow::State::kLive, doc};
  ++meta_.next_offset;
  meta_.event_time_ms = std::max(meta_.event_time_ms, draft.recorded_at_ms);
  return doc;
}

void ModelView::forget(const std::string& id, const std::string& agent_id) {
  Agent& agent = agent_of(agent_id);
  MemoryRow& row = agent.memories.at(memory_key_from_text(id));
  agent.docs[row.doc].live = false;
  Record stub;
  stub.stub = true;
  agent.docs[row.doc].row.clear();
  encode_record(stub, agent.docs[row.doc].row);
  row.state = MemoryRow::State::kForgotten;
  ++meta_.seq;
  ++meta_.next_offset;
}

void ModelView::forget_later(const v1::Filter& filter, uint32_t next, const std::string& agent_id) {
  Agent& agent = agent_of(agent_id);
  agent.forgets.push_back({next, static_cast<uint32_t>(agent.docs.size()), filter});
  ++meta_.pending_next;
  ++meta_.next_offset;
}

ModelView::Doc& ModelView::mutable_doc(uint32_t doc, const std::string& agent_id) {
  return agent_of(agent_id).docs.at(doc);
}

Result<std::optional<AgentRef>> ModelView::agent(std::string_view name_space, std::string_view agent_id) const {
  const auto at = ords_.find(agent_id);
  if (name_space != kNamespace || at == ords_.end()) return std::nullopt;
  return AgentRef{at->second, static_cast<uint32_t>(agents_[at->second.value].docs.size())};
}

Result<std::optional<MemoryRow>> ModelView::memory(AgentOrd ord, std::string_view memory_key) const {
  const auto at = agents_[ord.value].memories.find(memory_key);
  if (at == agents_[ord.value].memories.end()) return std::nullopt;
  return at->second;
}

Status ModelView::record(AgentOrd ord, uint32_t doc, std::string& holder, Record& out) const {
  if (doc >= agents_[ord.value].docs.size()) return fail(Code::kNotFound, "no such document");
  holder = agents_[ord.value].docs[doc].row;
  return decode_record(holder, out);
}

// One after the other, from the last: whoever reads them must not count on an order.
Status ModelView::records(AgentOrd ord, std::span<const uint32_t> docs, const VisitRecord& visit) const {
  std::string holder;
  Record record;
  for (size_t i = docs.size(); i-- > 0;) {
    MNEMO_TRY(this->record(ord, docs[i], holder, record));
    MNEMO_TRY(visit(i, record));
  }
  return {};
}

Result<std::vector<PendingForget>> ModelView::pending_forgets(AgentOrd ord) const { return agents_[ord.value].forgets; }

Result<std::unique_ptr<AgentIndex>> ModelView::index(const AgentRef& agent) const {
  return std::make_unique<ModelIndex>(agents_[agent.ord.value].docs, columns_);
}

}  // namespace mnemo::query_test
