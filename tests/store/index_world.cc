#include "tests/store/index_world.h"

#include <algorithm>
#include <map>

#include "projector/store/index_page.h"
#include "projector/store/index_segments.h"

namespace mnemo {
namespace {

constexpr PartitionId kPartition(3);

template <typename T>
T value_of(Result<T> result) {
  EXPECT_TRUE(result) << result.error().message;
  return std::move(result).value();
}

std::vector<uint32_t> list(const DocSet& set) {
  std::vector<uint32_t> docs;
  for (uint32_t doc = 0; doc < set.docs(); ++doc) {
    if (set.contains(doc)) docs.push_back(doc);
  }
  EXPECT_EQ(docs.size(), set.count());
  return docs;
}

const std::vector<std::string> kTags = {"", "a", "ab", "abc", "b", "work", "work/home", "z\xff"};

}  // namespace

IndexedDoc TestDoc::indexed() const {
  IndexedDoc doc;
  doc.terms = terms;
  for (const auto& [field, value] : filters) doc.filters.push_back({field, value});
  doc.length = length;
  doc.observed_at_ms = observed_at_ms;
  doc.recorded_at_ms = recorded_at_ms;
  doc.expires_at_ms = expires_at_ms;
  return doc;
}

uint32_t TestDoc::count(uint32_t term) const {
  for (const TermCount& t : terms) {
    if (t.hash == term) return t.count;
  }
  return 0;
}

bool TestDoc::has(FilterField field, std::string_view value, bool prefix) const {
  return std::any_of(filters.begin(), filters.end(), [&](const auto& f) {
    return f.first == field && (prefix ? f.second.starts_with(value) : f.second == value);
  });
}

uint32_t term_hash_of(uint32_t number) {
  if (number == 0) return 0;
  if (number == 1) return UINT32_MAX;
  return number * 2654435761U;
}

TestDoc draw_doc(std::mt19937_64& random, const DocShape& shape) {
  const auto pick = [&](uint64_t below) { return static_cast<uint32_t>(random() % below); };
  std::map<uint32_t, uint32_t> terms;
  for (uint32_t i = pick(shape.terms_max + 1); i > 0; --i) {
    terms[term_hash_of(pick(shape.vocabulary))] += pick(20) == 0 ? 1 + pick(400) : 1;
  }
  if (pick(100) < shape.common_term_percent) terms[term_hash_of(7)] += 1 + pick(shape.common_count_max);
  TestDoc doc;
  for (const auto& [hash, count] : terms) {
    doc.terms.push_back({hash, count});
    doc.length += count;
  }
  if (pick(50) == 0) doc.length += pick(100'000);
  for (uint32_t i = pick(4); i > 0; --i) doc.filters.emplace_back(FilterField::kTag, kTags[pick(kTags.size())]);
  doc.filters.emplace_back(FilterField::kSession, "session " + std::to_string(pick(shape.sessions)));
  doc.filters.emplace_back(FilterField::kSpeaker, pick(2) == 0 ? "Ada" : "Bob");
  doc.filters.emplace_back(FilterField::kTier, "short");
  if (pick(10) == 0)
    doc.filters.emplace_back(FilterField::kMetadata, std::string("key\0s", 5) + std::to_string(pick(9)));
  std::sort(doc.filters.begin(), doc.filters.end());
  doc.filters.erase(std::unique(doc.filters.begin(), doc.filters.end()), doc.filters.end());
  doc.recorded_at_ms = 1'700'000'000'000 + pick(1'000'000);
  doc.observed_at_ms = pick(3) == 0 ? -static_cast<int64_t>(pick(UINT32_MAX)) * 1000 : doc.recorded_at_ms;
  if (shape.expiring && pick(30) == 0) doc.expires_at_ms = doc.recorded_at_ms + pick(100'000);
  return doc;
}

std::vector<Posting> TestAgent::postings(uint32_t term) const {
  std::vector<Posting> out;
  for (uint32_t doc = 0; doc < size(); ++doc) {
    const uint32_t count = live[doc] ? docs[doc]->count(term) : 0;
    if (count > 0) out.push_back({doc, count});
  }
  return out;
}

std::vector<uint32_t> TestAgent::filter(FilterField field, std::string_view value, bool prefix) const {
  std::vector<uint32_t> out;
  for (uint32_t doc = 0; doc < size(); ++doc) {
    if (live[doc] && docs[doc]->has(field, value, prefix)) out.push_back(doc);
  }
  return out;
}

std::vector<std::pair<std::string, uint32_t>> TestAgent::values(FilterField field) const {
  std::map<std::string, uint32_t> counts;
  for (uint32_t doc = 0; doc < size(); ++doc) {
    if (!live[doc]) continue;
    for (const auto& [f, value] : docs[doc]->filters) {
      if (f == field) ++counts[value];
    }
  }
  return {counts.begin(), counts.end()};
}

std::vector<uint32_t> TestAgent::expired(TimestampMs now_ms) const {
  std::vector<uint32_t> out;
  for (uint32_t doc = 0; doc < size(); ++doc) {
    const TimestampMs at = docs[doc]->expires_at_ms;
    if (live[doc] && at != 0 && at <= now_ms) out.push_back(doc);
  }
  return out;
}

void TestRecords::write(RowWriter& rows, AgentOrd ord, DocNo doc, std::shared_ptr<const TestDoc> content) {
  rows.put(keys::of_number(keys::Row::kRecord, ord, doc.value), std::to_string(docs_.size()));
  docs_.push_back(std::move(content));
}

void TestRecords::empty(RowWriter& rows, AgentOrd ord, DocNo doc) {
  rows.put(keys::of_number(keys::Row::kRecord, ord, doc.value), "");
}

LoadDoc TestRecords::load() const {
  return
      [this](const RowReader& rows, AgentOrd ord, DocNo doc, std::string& holder) -> Result<std::optional<IndexedDoc>> {
        ++loads;
        MNEMO_ASSIGN(const bool found, rows.get(keys::of_number(keys::Row::kRecord, ord, doc.value), holder));
        if (!found) return fail(Code::kInternal, "a record that was never written was asked for");
        if (holder.empty()) return std::nullopt;
        return docs_[std::stoul(holder)]->indexed();
      };
}

IndexWorld::IndexWorld(uint64_t seed, size_t cache_bytes, uint32_t agents)
    : random_(seed),
      agents_(agents),
      load_(records_.load()),
      tails_(std::make_unique<TailCache>(cache_bytes)),
      writer_(std::make_unique<IndexWriter>(*tails_, kPartition, load_)) {}

void IndexWorld::add(uint32_t ord, const TestDoc& doc) {
  TestAgent& at = agents_[ord];
  const DocNo number(at.size());
  auto content = std::make_shared<const TestDoc>(doc);
  records_.write(rows_, AgentOrd(ord), number, content);
  const Status added = writer_->add(rows_, AgentOrd(ord), number, content->indexed());
  ASSERT_TRUE(added) << added.error().message;
  at.docs.push_back(std::move(content));
  at.live.push_back(true);
}

void IndexWorld::remove(uint32_t ord, uint32_t doc, bool stub) {
  TestAgent& at = agents_[ord];
  const Status removed = writer_->remove(rows_, AgentOrd(ord), DocNo(doc), at.docs[doc]->indexed());
  ASSERT_TRUE(removed) << removed.error().message;
  if (stub) records_.empty(rows_, AgentOrd(ord), DocNo(doc));
  at.live[doc] = false;
}

uint32_t IndexWorld::work(uint32_t units) { return value_of(writer_->work(rows_, units)); }

uint32_t IndexWorld::take_turn(uint32_t least) { return value_of(writer_->take_turn(rows_, least)); }

void IndexWorld::work_all() {
  while (work(1000) == 1000) {
  }
}

void IndexWorld::reopen(const IndexBacklog& backlog) {
  const IndexBacklog kept = backlog;
  writer_.reset();
  writer_ = std::make_unique<IndexWriter>(*tails_, kPartition, load_);
  writer_->reset(kept);
}

std::unique_ptr<AgentIndex> IndexWorld::open(uint32_t ord) {
  return value_of(AgentIndex::open(rows_, tails_->scope(kPartition), load_, AgentOrd(ord), agents_[ord].size()));
}

std::string IndexWorld::difference(uint32_t ord) {
  std::string found;
  const auto live = [&](DocNo doc) { return bool{agents_[ord].live[doc.value]}; };
  const Status checked =
      check_agent_index(rows_, load_, AgentOrd(ord), agents_[ord].size(), live, backlog().empty(), &found);
  EXPECT_TRUE(checked) << checked.error().message;
  return found;
}

IndexWorld::Snapshot IndexWorld::snapshot() {
  const TailScope scope = tails_->scope(kPartition);
  return {rows_, agents_, scope, backlog()};
}

void IndexWorld::roll_back(const Snapshot& snapshot) {
  rows_ = snapshot.rows;
  agents_ = snapshot.agents;
  writer_->reset(snapshot.backlog);
}

void IndexWorld::lose(const Snapshot& snapshot) {
  rows_ = snapshot.rows;
  agents_ = snapshot.agents;
  reopen(snapshot.backlog);
}

void IndexWorld::expect_equal(uint32_t ord, uint32_t samples) {
  expect_equal(rows_, tails_->scope(kPartition), agents_[ord], ord, samples);
}

void IndexWorld::expect_equal(const Snapshot& snapshot, uint32_t ord, uint32_t samples) {
  expect_equal(snapshot.rows, snapshot.scope, snapshot.agents[ord], ord, samples);
}

namespace {

void expect_bounds(AgentIndex& index, uint32_t term, const std::vector<Posting>& postings) {
  std::vector<TermBound> bounds;
  ASSERT_TRUE(index.bounds(term, index.live(), bounds));
  uint32_t documents = 0;
  for (const TermBound& bound : bounds) documents += bound.documents;
  ASSERT_EQ(documents, postings.size());
  for (const Posting& posting : postings) {
    const auto bound = std::find_if(bounds.begin(), bounds.end(), [&](const TermBound& b) {
      return posting.doc >= b.first_doc && posting.doc < b.end_doc;
    });
    ASSERT_NE(bound, bounds.end()) << "no bound for document " << posting.doc;
    ASSERT_LE(posting.count, bound->max_count);
    ASSERT_GE(index.length(posting.doc), bound->min_length);
  }
}

void expect_range(std::mt19937_64& random, AgentIndex& index, uint32_t term, const std::vector<Posting>& postings) {
  const auto first = static_cast<uint32_t>(random() % (index.docs() + 1));
  const auto end = static_cast<uint32_t>(first + random() % (index.docs() - first + 1));
  DocSet among = index.live();
  for (uint32_t doc = 0; doc < index.docs(); doc += 1 + static_cast<uint32_t>(random() % 5)) among.erase(doc);
  std::vector<Posting> expected;
  std::copy_if(postings.begin(), postings.end(), std::back_inserter(expected), [&](const Posting& posting) {
    return posting.doc >= first && posting.doc < end && among.contains(posting.doc);
  });
  std::vector<Posting> found;
  ASSERT_TRUE(index.postings(term, first, end, among, found));
  ASSERT_EQ(found, expected) << first << " to " << end;
}

void expect_columns(const AgentIndex& index, const TestAgent& agent) {
  uint64_t words = 0;
  for (uint32_t doc = 0; doc < agent.size(); ++doc) {
    ASSERT_EQ(index.live().contains(doc), agent.live[doc]) << doc;
    if (!agent.live[doc]) continue;
    words += agent.docs[doc]->length;
    ASSERT_EQ(index.length(doc), agent.docs[doc]->length) << doc;
    ASSERT_EQ(index.observed_at_ms(doc), agent.docs[doc]->observed_at_ms) << doc;
    ASSERT_EQ(index.recorded_at_ms(doc), agent.docs[doc]->recorded_at_ms) << doc;
    ASSERT_EQ(index.expires_at_ms(doc), agent.docs[doc]->expires_at_ms) << doc;
  }
  ASSERT_TRUE(index.status());
  ASSERT_EQ(index.live_words(), words);
}

void expect_filter(AgentIndex& index, const TestAgent& agent, FilterField field, const std::string& value) {
  for (const bool prefix : {false, true}) {
    DocSet found;
    ASSERT_TRUE(index.filter(field, value, prefix, found));
    ASSERT_EQ(list(found), agent.filter(field, value, prefix)) << value << (prefix ? "*" : "");
  }
}

}  // namespace

void IndexWorld::expect_equal(const RowReader& rows, const TailScope& scope, const TestAgent& agent, uint32_t ord,
                              uint32_t samples) {
  const auto opened = AgentIndex::open(rows, scope, load_, AgentOrd(ord), agent.size());
  ASSERT_TRUE(opened) << opened.error().message;
  AgentIndex& index = **opened;
  ASSERT_EQ(index.docs(), agent.size());
  ASSERT_EQ(index.live().docs(), agent.size());
  for (uint32_t i = 0; i < samples; ++i) {
    // Mostly terms that are there: the common one, and those of some document.
    uint32_t term = term_hash_of(static_cast<uint32_t>(i == 0 ? 7 : pick(40)));
    if (i % 2 == 1 && agent.size() > 0) {
      const auto& terms = agent.docs[pick(agent.size())]->terms;
      if (!terms.empty()) term = terms[pick(terms.size())].hash;
    }
    std::vector<Posting> found = {{1, 1}};
    const Status asked = index.postings(term, found);
    ASSERT_TRUE(asked) << asked.error().message;
    found.erase(found.begin());
    ASSERT_EQ(found, agent.postings(term)) << "term " << term;
    expect_bounds(index, term, found);
    expect_range(random_, index, term, found);
  }
  for (uint32_t i = 0; i < samples; i += 3) {
    expect_filter(index, agent, FilterField::kTag, kTags[pick(kTags.size())]);
    expect_filter(index, agent, FilterField::kSession, "session " + std::to_string(pick(50)));
    expect_filter(index, agent, FilterField::kSpeaker, "Ada");
    expect_filter(index, agent, FilterField::kMetadata, std::string("key\0", 4));
  }
  for (const FilterField field : {FilterField::kTag, FilterField::kSession, FilterField::kSpeaker, FilterField::kTier,
                                  FilterField::kMetadata, FilterField::kKind}) {
    std::vector<std::pair<std::string, uint32_t>> values = {{"left over", 1}};
    ASSERT_TRUE(index.values(field, values));
    ASSERT_EQ(values, agent.values(field));
  }
  DocSet expired;
  const TimestampMs now = 1'700'000'000'000 + static_cast<int64_t>(pick(1'100'000));
  ASSERT_TRUE(index.expired(now, expired));
  ASSERT_EQ(list(expired), agent.expired(now));
  expect_columns(index, agent);
}

std::vector<bool> documents_in_rows(const MapRows& rows, AgentOrd ord, uint32_t docs) {
  std::vector<bool> found(docs);
  for (const auto& [key, row] : rows.map()) {
    const auto kind = static_cast<keys::Row>(key[0]);
    if (key.size() < 9 || get_be32(key.data() + 1) != ord.value) continue;
    uint32_t first = get_be32(key.data() + 5) * kPageDocs;
    uint32_t size = kPageDocs;
    if (kind == keys::Row::kColumns) {
      PageHead head;
      if (key.size() == 9) {
        EXPECT_TRUE(head.parse(row));
      }
      EXPECT_TRUE(for_each_filter(key.size() == 9 ? head.filters : std::string_view(row),
                                  [&](FilterField, std::string_view, const PageBits& bits) {
                                    for (uint32_t i = 0; i < kPageDocs; ++i) {
                                      if (has_bit(bits, i)) found[first + i] = true;
                                    }
                                    return true;
                                  }));
      continue;
    }
    if (kind == keys::Row::kChunk) {
      const auto level = static_cast<uint32_t>(key[5]);
      first = get_be32(key.data() + 6) * kPageDocs << (3 * level);
      size = kPageDocs << (3 * level);
    } else if (kind != keys::Row::kBlock || row[0] != static_cast<char>(BlockForm::kChunk)) {
      continue;
    }
    ChunkView chunk;
    EXPECT_TRUE(chunk.parse(row));
    for (uint32_t i = 0; i < chunk.terms(); ++i) {
      EXPECT_TRUE(for_each_posting(chunk.entry(i), size, [&](uint32_t doc, uint32_t) {
        found[first + doc] = true;
        return true;
      }));
    }
  }
  return found;
}

}  // namespace mnemo
