// File: projector/store/index.h
// The text and filter index of one partition: derived rows, rebuilt from records, never part of a digest.
//
// Documents of an agent are numbered densely from 0. Every 256 of them are a page: a columns row (lengths, times,
// filter postings), a mask row once one of them is dead, and a block row (text postings). The newest up to 255
// documents have no such rows yet: they are the agent's tail, in memory only, rebuilt from records when cold. Blocks
// merge 8:1 into segments of fence and chunk rows of at most 16 KiB, in bounded steps of queued work.
//
// What a reader sees does not depend on how far merging and scrubbing have come: a masked document counts nowhere,
// neither in postings nor in statistics. The rows are a function of the calls made on the writer and of nothing else.
// docs/formats.md says what each row holds.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/ids.h"
#include "events/result.h"
#include "projector/store/index_backlog.h"
#include "projector/store/indexed_doc.h"
#include "projector/store/rows.h"

namespace mnemo {

inline constexpr uint32_t kPageDocs = 256;
inline constexpr uint32_t kMergeFanIn = 8;
inline constexpr size_t kChunkRowBytesMax = 16 * 1024;  // chunk rows, further filter rows of a page
inline constexpr size_t kBlockRowBytesMax = 64 * 1024;  // a block beyond it is written as chunk rows at once

// The pace of queued work. Which index rows there are at a position depends on these numbers, so whoever changes one
// changes kIndexLayoutVersion with it: rows of builds with another pace differ.
//
// A turn takes a fixed number of steps, and twice as many for every kIndexPatienceTurns turns that the oldest task has
// waited, up to a most. So what a removed document left is out of the rows within 640 turns as long as no more than
// 250,000 steps wait before it (64 turns each of 4, 8, .. 2,048 steps are 261,888), whatever the load: docs/limits.md.
inline constexpr uint32_t kIndexStepsPerEvent = 4;
inline constexpr uint32_t kIndexStepsPerTick = 256;
inline constexpr uint32_t kIndexStepsPerTurnMax = 4096;
inline constexpr uint32_t kIndexPatienceTurns = 64;
// The steps of a turn of at least `least` when the oldest task has waited for so many turns.
uint32_t index_steps_of_turn(uint32_t least, uint64_t turns_waited);

// Where a cold tail's documents come from: the record rows. nullopt: the document is a stub and has no content, which
// only a removed document may be. What it gives for a document never changes otherwise.
// `holder` keeps what the views of the result point into. Called from many threads at once.
using LoadDoc = std::function<Result<std::optional<IndexedDoc>>(const RowReader& rows, AgentOrd ord, DocNo doc,
                                                                std::string& holder)>;

// The tails of many agents of several partitions, bounded in bytes; projector/store/tail.h.
class TailCache;
// One partition's tails in a cache as they are now. A reader takes it *before* it takes its snapshot; see tail.h.
struct TailScope;

// The writing side, owned by the one thread that applies events to a partition. Reads and writes rows through the
// RowWriter given to each call, so that it sees the batch's own writes.
class IndexWriter {
 public:
  IndexWriter(TailCache& tails, PartitionId partition, LoadDoc load);
  ~IndexWriter();

  // Adds the next document of the agent (doc numbers are given densely; `doc` is the number of documents before).
  // The record row of `doc` is already in `rows`. The 256th of a page turns the tail into rows.
  Status add(RowWriter& rows, AgentOrd ord, DocNo doc, const IndexedDoc& content);

  // The document must not appear in answers from now on; its terms leave the index rows in later turns. `content` is
  // what was added. A document that was removed before is left as it is.
  Status remove(RowWriter& rows, AgentOrd ord, DocNo doc, const IndexedDoc& content);

  // Does up to `units` steps of queued merging and scrubbing, oldest first; each writes at most one chunk row.
  // Returns the steps done; fewer than `units` means that the queue is empty.
  Result<uint32_t> work(RowWriter& rows, uint32_t units);

  // What an event or a tick has to do of it: at least `least` steps, more when tasks have waited for long. Returns the
  // steps done.
  Result<uint32_t> take_turn(RowWriter& rows, uint32_t least);

  // What was written through `rows` since the last call is in the database; readers see it from `next_offset` on.
  void committed(uint64_t next_offset);

  // To be kept with the rows, and handed to reset() when they are opened again.
  const IndexBacklog& backlog() const;

  // Forgets what it keeps in memory, the partition's tails included: after the rows below it were replaced or a batch
  // was dropped. `backlog`: as it was when those rows were written.
  void reset(const IndexBacklog& backlog);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A set of documents of one agent, as 256-bit pages. Two sets that meet have the same docs().
class DocSet {
 public:
  explicit DocSet(uint32_t docs = 0) : docs_(docs), words_((docs + 63ULL) / 64) {}
  uint32_t docs() const { return docs_; }
  bool contains(uint32_t doc) const { return words_[doc >> 6] >> (doc & 63) & 1; }
  bool contains_all(uint32_t first_doc, uint32_t end_doc) const;
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
  bool operator==(const Posting&) const = default;
};

// What holds for every live posting of a term in documents [first_doc, end_doc): lets a reader skip a range that cannot
// reach its best results.
struct TermBound {
  uint32_t first_doc = 0;
  uint32_t end_doc = 0;
  uint32_t max_count = 0;   // no posting's count is greater
  uint32_t min_length = 0;  // no posting's document is shorter
  uint32_t documents = 0;   // of those that were asked about, how many hold the term: exact
};

// Counts of work, for explain and for the budget of DESIGN 5.6.
struct IndexReads {
  uint64_t point_reads = 0;  // Gets, seeks and documents loaded from records
  uint64_t rows = 0;
  uint64_t bytes = 0;
  uint64_t postings = 0;
};

// One agent's index at one snapshot. Not thread-safe; must not outlive the rows, the cache and the load function it
// was opened on.
class AgentIndex {
 public:
  // `docs`: the number of documents of the agent at this snapshot.
  static Result<std::unique_ptr<AgentIndex>> open(const RowReader& rows, const TailScope& tails, const LoadDoc& load,
                                                  AgentOrd ord, uint32_t docs);
  virtual ~AgentIndex() = default;

  virtual uint32_t docs() const = 0;
  // Documents that are not masked.
  virtual const DocSet& live() const = 0;
  // The sum of their lengths.
  virtual uint64_t live_words() const = 0;

  // Of a live document. The columns of an agent's first 4,096 documents are read by open(), others when first asked
  // for: if that fails these answer 0, status() tells the failure, and so does every later call that can fail.
  virtual uint32_t length(uint32_t doc) const = 0;
  virtual TimestampMs observed_at_ms(uint32_t doc) const = 0;
  virtual TimestampMs recorded_at_ms(uint32_t doc) const = 0;
  virtual TimestampMs expires_at_ms(uint32_t doc) const = 0;
  // To be asked once after the last of those calls, before an answer is given.
  virtual Status status() const = 0;

  // Live documents whose expiry is at or before `now_ms`. Reads no columns where no document of the agent expires.
  virtual Status expired(TimestampMs now_ms, DocSet& out) = 0;

  // Postings of a text term in documents [first_doc, end_doc) of `among`, a set of live documents, in order of
  // document; appended to `out`. Reads no rows of other documents.
  virtual Status postings(uint32_t term, uint32_t first_doc, uint32_t end_doc, const DocSet& among,
                          std::vector<Posting>& out) = 0;
  // All of them.
  Status postings(uint32_t term, std::vector<Posting>& out) { return postings(term, 0, docs(), live(), out); }
  // Bounds of a term over ranges of documents that together hold all its postings, in order; appended to `out`. Ranges
  // of two terms are the same or do not meet. `among`, a set of live documents, says which are counted.
  virtual Status bounds(uint32_t term, const DocSet& among, std::vector<TermBound>& out) = 0;
  // Live documents that carry the filter term; with `prefix`, one whose value starts with it. Replaces `out`.
  virtual Status filter(FilterField field, std::string_view value, bool prefix, DocSet& out) = 0;
  // Every distinct value of a filter field over live documents with its number of documents, sorted by value.
  // Replaces `out`.
  virtual Status values(FilterField field, std::vector<std::pair<std::string, uint32_t>>& out) = 0;

  virtual const IndexReads& reads() const = 0;
};

// Compares an agent's index rows, masks included, with what its records say: `docs` documents, of which those that
// `live` names are not masked. `first_difference` names the first row that differs (columns and masks before blocks,
// blocks before chunks), or is left empty. Damaged index rows are differences; the Status tells failures to read.
// `scrubbed`: no work waits, so rows must hold nothing of masked documents; otherwise that is not compared, since
// scrubbing takes its time. Takes less than 400 bytes of memory for every page of 256 documents, beside one page's
// documents.
Status check_agent_index(const RowReader& rows, const LoadDoc& load, AgentOrd ord, uint32_t docs,
                         const std::function<bool(DocNo)>& live, bool scrubbed, std::string* first_difference);

// Names the layout of the index rows and the pace of their upkeep: part of the projection version.
inline constexpr std::string_view kIndexLayoutVersion = "index-2";

}  // namespace mnemo
