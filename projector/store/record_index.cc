#include "projector/store/record_index.h"

#include <algorithm>

#include "projector/store/keys.h"

namespace mnemo {
namespace {

void collect_terms(const std::vector<uint32_t>& hashes, std::vector<TermCount>& out) {
  out.clear();
  for (const uint32_t hash : hashes) {
    if (!out.empty() && out.back().hash == hash) {
      ++out.back().count;
    } else {
      out.push_back({hash, 1});
    }
  }
}

void collect_filters(const Record& record, std::vector<FilterTerm>& out, std::string& holder) {
  out.clear();
  for (const std::string_view tag : record.tags) out.push_back({FilterField::kTag, tag});
  if (!record.session_id.empty()) out.push_back({FilterField::kSession, record.session_id});
  if (!record.speaker.empty()) out.push_back({FilterField::kSpeaker, record.speaker});
  out.push_back({FilterField::kClass, class_name(record.memory_class)});
  out.push_back({FilterField::kKind, record.kind});
  out.push_back({FilterField::kTier, tier_name(record.tier)});
  if (!record.metadata.empty()) {
    // Two passes, since growing the holder would move what earlier views point at.
    holder.clear();
    std::vector<size_t> ends;
    for (const MetadataView& entry : record.metadata) {
      put_metadata_term(entry, holder);
      ends.push_back(holder.size());
    }
    size_t from = 0;
    for (const size_t to : ends) {
      out.push_back({FilterField::kMetadata, std::string_view(holder).substr(from, to - from)});
      from = to;
    }
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
}

}  // namespace

void index_record(const Record& record, Analyzer& analyzer, IndexedDoc& out, std::string& holder) {
  static thread_local std::vector<uint32_t> hashes;
  hashes.clear();
  out.length = analyzer.analyze(record.text, hashes);
  std::sort(hashes.begin(), hashes.end());
  collect_terms(hashes, out.terms);
  collect_filters(record, out.filters, holder);
  out.observed_at_ms = record.observed_at_ms;
  out.recorded_at_ms = record.recorded_at_ms;
  out.expires_at_ms = record.expires_at_ms;
}

LoadDoc load_from_records() {
  return [](const RowReader& rows, AgentOrd ord, DocNo doc, std::string& holder) -> Result<std::optional<IndexedDoc>> {
    static thread_local Analyzer analyzer;
    static thread_local Record record;
    std::string row;
    MNEMO_ASSIGN(const bool found, rows.get(keys::of_number(keys::Row::kRecord, ord, doc.value), row));
    if (!found) {
      return fail(Code::kDataLoss, "the record row of document " + std::to_string(doc.value) + " of agent number " +
                                       std::to_string(ord.value) + " is missing: rebuild the projection from the log");
    }
    MNEMO_TRY(decode_record(row, record));
    if (record.stub) return std::nullopt;
    // The views of the result point into `holder`: the row first, the metadata terms behind it.
    std::string terms;
    IndexedDoc out;
    index_record(record, analyzer, out, terms);
    holder.clear();
    holder.reserve(row.size() + terms.size());
    holder.append(row).append(terms);
    for (FilterTerm& term : out.filters) {
      const bool in_row = term.value.data() >= row.data() && term.value.data() < row.data() + row.size();
      const bool in_terms = term.value.data() >= terms.data() && term.value.data() < terms.data() + terms.size();
      if (in_row) term.value = {holder.data() + (term.value.data() - row.data()), term.value.size()};
      if (in_terms) term.value = {holder.data() + row.size() + (term.value.data() - terms.data()), term.value.size()};
    }
    return out;
  };
}

const std::string& projection_version() {
  static const std::string version =
      std::string("rows-2/") + std::string(kIndexLayoutVersion) + "/" + analysis_version();
  return version;
}

}  // namespace mnemo
