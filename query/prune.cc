#include "query/prune.h"

#include <algorithm>
#include <numeric>

#include "query/doc_set.h"

namespace mnemo {
namespace {

// A range of documents that bounds are about.
struct Range {
  uint32_t first_doc = 0;
  bool open = true;  // a document of it may become a candidate
  // The part of it in which something is still looked for: [from, to).
  uint32_t from = 0;
  uint32_t to = 0;
};

class Pruning {
 public:
  Pruning(AgentIndex& index, const Gathered& gathered, PostingScorer& scorer, uint32_t limit)
      : index_(index),
        gathered_(gathered),
        scorer_(scorer),
        limit_(limit),
        scored_{DocSet(index.docs()), std::vector<int64_t>(index.docs())} {}

  Result<Scored> run() {
    order_terms();
    find_ranges();
    bound_ranges();
    for (size_t turn = 0; turn < order_.size(); ++turn) MNEMO_TRY(score_term(turn));
    return std::move(scored_);
  }

 private:
  const TermHits& hits_of(size_t turn) const { return gathered_.terms[order_[turn]]; }
  // The most that the terms from `turn` on can add to a document of the range.
  int64_t& left(size_t turn, size_t range) { return left_[turn * ranges_.size() + range]; }

  void order_terms();
  void find_ranges();
  void bound_ranges();
  size_t range_of(const TermBound& bound) const;
  void raise_lowest(uint32_t documents);
  Status score_term(size_t turn);
  Status score_range(const TermHits& hits, Range& range, int64_t left);
  void drop_hopeless(Range& range, int64_t left);

  AgentIndex& index_;
  const Gathered& gathered_;
  PostingScorer& scorer_;
  uint32_t limit_;
  Scored scored_;
  std::vector<size_t> order_;  // terms of gathered_, the rarest first
  std::vector<Range> ranges_;  // in order of document
  std::vector<int64_t> left_;
  int64_t lowest_ = INT64_MIN;   // the best limit_ + 1 have at least this much
  size_t postings_ = 0;          // scored so far
  size_t new_postings_ = 0;      // of them, since lowest_ was last looked for
  std::vector<Posting> buffer_;  // kept for its memory
};

// The rarest have the greatest shares and the fewest postings.
void Pruning::order_terms() {
  order_.resize(gathered_.terms.size());
  std::iota(order_.begin(), order_.end(), size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [&](size_t a, size_t b) { return gathered_.terms[a].documents < gathered_.terms[b].documents; });
}

void Pruning::find_ranges() {
  for (const TermHits& hits : gathered_.terms) {
    for (const TermBound& bound : hits.bounds) ranges_.push_back({bound.first_doc, true, 0, bound.end_doc});
  }
  const auto before = [](const Range& a, const Range& b) { return a.first_doc < b.first_doc; };
  const auto same = [](const Range& a, const Range& b) { return a.first_doc == b.first_doc; };
  std::sort(ranges_.begin(), ranges_.end(), before);
  ranges_.erase(std::unique(ranges_.begin(), ranges_.end(), same), ranges_.end());
  // What a filter leaves of a range is often nothing.
  for (Range& range : ranges_) range.from = first_doc_in(gathered_.allowed, range.first_doc, range.to);
}

size_t Pruning::range_of(const TermBound& bound) const {
  const auto before = [](const Range& range, uint32_t doc) { return range.first_doc < doc; };
  return static_cast<size_t>(std::lower_bound(ranges_.begin(), ranges_.end(), bound.first_doc, before) -
                             ranges_.begin());
}

void Pruning::bound_ranges() {
  left_.assign((order_.size() + 1) * ranges_.size(), 0);
  for (size_t turn = order_.size(); turn-- > 0;) {
    scorer_.begin_term(hits_of(turn).documents);
    for (size_t range = 0; range < ranges_.size(); ++range) left(turn, range) = left(turn + 1, range);
    for (const TermBound& bound : hits_of(turn).bounds) {
      if (bound.documents > 0) left(turn, range_of(bound)) += scorer_.most(bound);
    }
  }
}

// Looks at every candidate, and there are no more of those than postings scored. So it is done where at least as many
// are new or about to be read, and takes no longer than reading postings does, however many terms there are.
void Pruning::raise_lowest(uint32_t documents) {
  if (new_postings_ == 0 || new_postings_ + documents < postings_) return;
  new_postings_ = 0;
  lowest_ = std::max(lowest_, lowest_of_best(scored_, limit_ + 1));
}

Status Pruning::score_term(size_t turn) {
  const TermHits& hits = hits_of(turn);
  raise_lowest(hits.documents);
  scorer_.begin_term(hits.documents);
  for (const TermBound& bound : hits.bounds) {
    if (bound.documents == 0) continue;
    const size_t range = range_of(bound);
    MNEMO_TRY(score_range(hits, ranges_[range], left(turn, range)));
  }
  return {};
}

Status Pruning::score_range(const TermHits& hits, Range& range, int64_t left) {
  if (range.from < range.to && left < lowest_) drop_hopeless(range, left);
  if (range.from == range.to) return {};
  const DocSet& among = range.open ? gathered_.allowed : scored_.candidates;
  buffer_.clear();
  MNEMO_TRY(index_.postings(hits.term.hash, range.from, range.to, among, buffer_));
  for (const Posting& posting : buffer_) {
    scored_.scores[posting.doc] += scorer_.share(posting);
    scored_.candidates.insert(posting.doc);
  }
  postings_ += buffer_.size();
  new_postings_ += buffer_.size();
  return {};
}

// Closes the range, takes out its candidates that cannot reach lowest_, and narrows it to those that can.
void Pruning::drop_hopeless(Range& range, int64_t left) {
  range.open = false;
  uint32_t from = range.to;
  uint32_t to = range.to;
  for_each_doc_in(scored_.candidates, range.from, range.to, [&](uint32_t doc) {
    if (scored_.scores[doc] + left < lowest_) {
      scored_.candidates.erase(doc);
      return;
    }
    from = std::min(from, doc);
    to = doc + 1;
  });
  range.from = from;
  range.to = to;
}

}  // namespace

Result<Scored> score_pruned(AgentIndex& index, const Gathered& gathered, PostingScorer& scorer, uint32_t limit) {
  return Pruning(index, gathered, scorer, limit).run();
}

}  // namespace mnemo
