// File: tests/store/index_world.h
// A world of agents and documents with an index over it, and a naive oracle that says what the index must answer.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "projector/store/index.h"
#include "projector/store/tail.h"
#include "tests/store/map_rows.h"

namespace mnemo {

// What a document holds, with strings of its own.
struct TestDoc {
  std::vector<TermCount> terms;
  std::vector<std::pair<FilterField, std::string>> filters;
  uint32_t length = 0;
  TimestampMs observed_at_ms = 0;
  TimestampMs recorded_at_ms = 0;
  TimestampMs expires_at_ms = 0;

  IndexedDoc indexed() const;
  uint32_t count(uint32_t term) const;  // 0: not in it
  bool has(FilterField field, std::string_view value, bool prefix) const;
};

// How documents are drawn.
struct DocShape {
  uint32_t vocabulary = 300;
  uint32_t terms_max = 12;
  uint32_t sessions = 40;
  uint32_t common_term_percent = 60;  // documents that hold term 7
  uint32_t common_count_max = 1;
  bool expiring = true;
};

// Terms of the vocabulary, spread over all hashes; the first and the last of all hashes are among them.
uint32_t term_hash_of(uint32_t number);
TestDoc draw_doc(std::mt19937_64& random, const DocShape& shape);

// One agent's documents at one moment: the oracle.
struct TestAgent {
  std::vector<std::shared_ptr<const TestDoc>> docs;
  std::vector<bool> live;

  uint32_t size() const { return static_cast<uint32_t>(docs.size()); }
  std::vector<Posting> postings(uint32_t term) const;
  std::vector<uint32_t> filter(FilterField field, std::string_view value, bool prefix) const;
  std::vector<std::pair<std::string, uint32_t>> values(FilterField field) const;
  std::vector<uint32_t> expired(TimestampMs now_ms) const;
};

// Record rows hold a document's number in `docs`, or nothing for a stub: a snapshot of the rows has its own records.
class TestRecords {
 public:
  void write(RowWriter& rows, AgentOrd ord, DocNo doc, std::shared_ptr<const TestDoc> content);
  void empty(RowWriter& rows, AgentOrd ord, DocNo doc);
  LoadDoc load() const;
  mutable uint64_t loads = 0;

 private:
  std::vector<std::shared_ptr<const TestDoc>> docs_;
};

class IndexWorld {
 public:
  explicit IndexWorld(uint64_t seed, size_t cache_bytes, uint32_t agents = 1);

  TestAgent& agent(uint32_t ord) { return agents_[ord]; }
  uint32_t agents() const { return static_cast<uint32_t>(agents_.size()); }
  MapRows& rows() { return rows_; }
  TailCache& tails() { return *tails_; }
  std::mt19937_64& random() { return random_; }
  uint64_t pick(uint64_t below) { return random_() % below; }
  const LoadDoc& load() const { return load_; }
  TestRecords& records() { return records_; }

  void add(uint32_t ord, const TestDoc& doc);
  void add_drawn(uint32_t ord, const DocShape& shape) { add(ord, draw_doc(random_, shape)); }
  // `stub`: its record loses its content, as a forgotten memory's does; an outdated version keeps it.
  void remove(uint32_t ord, uint32_t doc, bool stub);
  uint32_t work(uint32_t units);
  uint32_t take_turn(uint32_t least);
  void work_all();
  const IndexBacklog& backlog() const { return writer_->backlog(); }
  void reopen() { reopen(writer_->backlog()); }  // a new writer over the same rows and cache

  std::unique_ptr<AgentIndex> open(uint32_t ord);
  // What check_agent_index() finds. Once no work waits, nothing of what is gone may be in the rows.
  std::string difference(uint32_t ord);

  // Compares everything the index tells of the agent with the oracle; postings and filters for `samples` terms each.
  void expect_equal(uint32_t ord, uint32_t samples);

  // A moment to come back to: rows, documents, and the cache as it goes on.
  struct Snapshot {
    MapRows rows;
    std::vector<TestAgent> agents;
    TailScope scope;
    IndexBacklog backlog;
  };
  Snapshot snapshot();
  void expect_equal(const Snapshot& snapshot, uint32_t ord, uint32_t samples);

  // Drops what was done since the snapshot, as a batch that was not written.
  void roll_back(const Snapshot& snapshot);
  // Loses it in a crash, and opens the rows again with a new writer over the same cache.
  void lose(const Snapshot& snapshot);

 private:
  void reopen(const IndexBacklog& backlog);
  void expect_equal(const RowReader& rows, const TailScope& scope, const TestAgent& agent, uint32_t ord,
                    uint32_t samples);

  std::mt19937_64 random_;
  std::vector<TestAgent> agents_;
  TestRecords records_;
  LoadDoc load_;
  MapRows rows_;
  std::unique_ptr<TailCache> tails_;
  std::unique_ptr<IndexWriter> writer_;
};

// Documents that rows of the agent still hold anything of, text postings and filter values alike.
std::vector<bool> documents_in_rows(const MapRows& rows, AgentOrd ord, uint32_t docs);

}  // namespace mnemo
