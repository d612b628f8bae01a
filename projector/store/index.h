// File: projector/store/index.h
// The text and filter index of one partition: derived rows, rebuilt from records, never part of a digest.
//
// Documents of an agent are numbered densely from 0. Every 256 of them are a page: a columns row (lengths, times,
// filter postings), a mask row once one of them is dead, and a block row (text postings). The newest up to 255
// documents have no such rows yet: they are the agent's tail, in memory only, rebuilt from records when cold. Blocks
// merge 8:1 into segments of fence and chunk rows of at most 16 KiB, in bounded steps taken by work().
//
// What a reader sees does not depend on how far merging and scrubbing have come: a masked document counts nowhere,
// neither in postings nor in statistics.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/ids.h"
#include "events/result.h"
#include "projector/store/indexed_doc.h"
#include "projector/store/rows.h"

namespace mnemo {

inline constexpr uint32_t kPageDocs = 256;
inline constexpr uint32_t kMergeFanIn = 8;

// Where a cold tail's documents come from: the record rows. nullopt: the document is a stub and has no content.
// `holder` keeps what the views of the result point into.
using LoadDoc = std::function<Result<std::optional<IndexedDoc>>(const RowReader& rows, AgentOrd ord, DocNo doc,
                                                                std::string& holder)>;

// The tails of many agents, bounded in bytes, least recently used first out. Shared between the one writer and any
// number of readers; thread-safe. A reader with an older snapshot never sees documents past its snapshot's count.
class TailCache;

// The writing side, owned by the one thread that applies events. Reads and writes rows through the RowWriter given to
// each call, so that it sees the batch's own writes.
class IndexWriter {
 public:
  IndexWriter(TailCache& tails, LoadDoc load);
  ~IndexWriter();

  // Adds the next document of the agent (doc numbers are given densely; `doc` is the number of documents before).
  // The record row of `doc` is already in `rows`. The 256th of a page turns the tail into rows.
  Status add(RowWriter& rows, AgentOrd ord, DocNo doc, const IndexedDoc& content);

  // The document must not appear in answers from now on; its terms leave the index rows in later work(). `content` is
  // what was added.
  Status remove(RowWriter& rows, AgentOrd ord, DocNo doc, const IndexedDoc& content);

  // Does up to `units` steps of queued merging and scrubbing, oldest first; each writes at most one chunk row.
  // Returns the steps done; fewer than `units` means that the queue is empty.
  Result<uint32_t> work(RowWriter& rows, uint32_t units);

  // Forgets what it keeps in memory: after the rows below it were replaced or a batch was dropped.
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A set of documents of one agent, as 256-bit pages.
class DocSet {
 public:
  explicit DocSet(uint32_t docs = 0) : docs_(docs), words_((docs + 63) / 64) {}
  uint32_t docs() const { return docs_; }
  bool contains(uint32_t doc) const { return words_[doc >> 6] >> (doc & 63) & 1; }
  void insert(uint32_t doc) { words_[doc >> 6] |= uint64_t{1} << (doc & 63); }
  void erase(uint32_t doc) { words_[doc >> 6] &= ~(uint64_t{1} << (doc & 63)); }
  uint32_t count() const;
  void intersect(const DocSet& other);
  void unite(const DocSet& other);
  void complement();  // within 0 .. docs-1
  std::vector<uint64_t>& words() { return words_; }
  const std::vector<uint64_t>& words() const { return words_; }

 private:
  uint32_t docs_;
  std::vector<uint64_t> words_;
};

struct Posting {
  uint32_t doc = 0;
  uint32_t count = 0;
};

// Counts of work, for explain and for the budget of DESIGN 5.6.
struct IndexReads {
  uint64_t point_reads = 0;  // Gets and seeks
  uint64_t rows = 0;
  uint64_t bytes = 0;
  uint64_t postings = 0;
};

// One agent's index at one snapshot. Not thread-safe; must not outlive the rows and the cache it was opened on.
class AgentIndex {
 public:
  // `docs`: the number of documents of the agent at this snapshot.
  static Result<std::unique_ptr<AgentIndex>> open(const RowReader& rows, TailCache& tails, const LoadDoc& load,
                                                  AgentOrd ord, uint32_t docs);
  virtual ~AgentIndex() = default;

  virtual uint32_t docs() const = 0;
  // Documents that are not masked.
  virtual const DocSet& live() const = 0;
  virtual uint32_t length(uint32_t doc) const = 0;
  virtual TimestampMs observed_at_ms(uint32_t doc) const = 0;
  virtual TimestampMs recorded_at_ms(uint32_t doc) const = 0;
  virtual TimestampMs expires_at_ms(uint32_t doc) const = 0;

  // Postings of a text term in order of document, live documents only; appended to `out`.
  virtual Status postings(uint32_t term, std::vector<Posting>& out) = 0;
  // Live documents that carry the filter term; with `prefix`, one whose value starts with it.
  virtual Status filter(FilterField field, std::string_view value, bool prefix, DocSet& out) = 0;
  // Every distinct value of a filter field over live documents with its number of documents, sorted by value.
  virtual Status values(FilterField field, std::vector<std::pair<std::string, uint32_t>>& out) = 0;

  virtual const IndexReads& reads() const = 0;
};

// Names the layout of the index rows: part of the projection version.
inline constexpr std::string_view kIndexLayoutVersion = "index-1";

}  // namespace mnemo
