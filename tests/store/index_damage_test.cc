// Damaged index rows: found and named by the check, and never more than an error or a wrong answer to a reader.
#include <gtest/gtest.h>

#include <iostream>

#include "projector/store/index_page.h"
#include "tests/store/index_world.h"

namespace mnemo {
namespace {

constexpr size_t kRoomy = 64 << 20;

// Agent 0 has merged segments, blocks, masks and a tail; agent 1 a page and a tail; work is pending.
std::unique_ptr<IndexWorld> damaged_world(uint64_t seed) {
  auto world = std::make_unique<IndexWorld>(seed, kRoomy, 2);
  DocShape shape;
  shape.vocabulary = 4000;
  shape.terms_max = 14;
  for (uint32_t doc = 0; doc < 256 * 10 + 40; ++doc) {
    world->add_drawn(0, shape);
    if (doc % 40 == 0) world->remove(0, static_cast<uint32_t>(world->pick(doc + 1)), false);
  }
  world->work_all();
  for (uint32_t doc = 0; doc < 300; ++doc) world->add_drawn(1, shape);
  return world;
}

std::vector<std::string> keys_of(const MapRows::Map& map, const std::string& kinds) {
  std::vector<std::string> keys;
  for (const auto& [key, row] : map) {
    if (kinds.find(key[0]) != std::string::npos) keys.push_back(key);
  }
  return keys;
}

// Asks everything; what is answered does not matter, that nothing breaks does.
void ask_everything(IndexWorld& world, uint32_t ord) {
  const uint32_t docs = world.agent(ord).size();
  const auto opened =
      AgentIndex::open(world.rows(), world.tails().scope(PartitionId(3)), world.load(), AgentOrd(ord), docs);
  if (!opened) {
    EXPECT_EQ(opened.error().code, Code::kDataLoss);
    return;
  }
  AgentIndex& index = **opened;
  const auto fine = [](const Status& status) { EXPECT_TRUE(status || status.error().code == Code::kDataLoss); };
  std::vector<Posting> postings;
  std::vector<TermBound> bounds;
  for (uint32_t i = 0; i < 30; ++i) {
    fine(index.postings(term_hash_of(i), postings));
    fine(index.bounds(term_hash_of(i), index.live(), bounds));
  }
  for (const Posting& posting : postings) EXPECT_LT(posting.doc, docs);
  DocSet found;
  std::vector<std::pair<std::string, uint32_t>> values;
  fine(index.filter(FilterField::kTag, "a", true, found));
  fine(index.values(FilterField::kSession, values));
  fine(index.expired(INT64_MAX, found));
  int64_t sum = 0;
  for (uint32_t doc = 0; doc < docs; ++doc) sum ^= index.length(doc) ^ index.observed_at_ms(doc);
  fine(index.status());
  static_cast<void>(sum);
}

class IndexDamage : public testing::TestWithParam<uint64_t> {};

TEST_P(IndexDamage, FlippedBytesNeverCrashAReaderOrAWriter) {
  std::cout << "seed " << GetParam() << '\n';
  std::mt19937_64 random(GetParam());
  auto world = damaged_world(GetParam());
  const IndexWorld::Snapshot good = world->snapshot();
  const std::vector<std::string> keys = keys_of(good.rows.map(), "BCDFXQ");
  ASSERT_GT(keys.size(), 20U);
  for (int round = 0; round < 120; ++round) {
    for (int flips = 1 + static_cast<int>(random() % 3); flips > 0; --flips) {
      std::string& row = world->rows().map()[keys[random() % keys.size()]];
      if (row.empty()) continue;
      // Half of them near the start, where structure is.
      const size_t at = random() % (random() % 2 == 0 ? std::min<size_t>(row.size(), 16) : row.size());
      row[at] = static_cast<char>(row[at] ^ (1U << (random() % 8)));
      if (random() % 20 == 0) row.resize(random() % row.size());
    }
    ask_everything(*world, 0);
    ask_everything(*world, 1);
    for (const uint32_t ord : {0U, 1U}) {
      std::string difference;
      const auto live = [&](DocNo doc) { return bool{world->agent(ord).live[doc.value]}; };
      EXPECT_TRUE(check_agent_index(world->rows(), world->load(), AgentOrd(ord), world->agent(ord).size(), live,
                                    world->backlog().empty(), &difference));
    }
    // The writer goes on over the damaged rows: scrubs, pages and merges.
    IndexWriter writer(world->tails(), PartitionId(3), world->load());
    writer.reset(world->backlog());
    TestAgent& agent = world->agent(0);
    for (uint32_t i = 0; i < 20; ++i) {
      const auto doc = static_cast<uint32_t>(random() % agent.size());
      const Status removed = writer.remove(world->rows(), AgentOrd(0), DocNo(doc), agent.docs[doc]->indexed());
      EXPECT_TRUE(removed || removed.error().code == Code::kDataLoss);
      const auto worked = writer.work(world->rows(), 3);
      EXPECT_TRUE(worked || worked.error().code == Code::kDataLoss);
    }
    world->roll_back(good);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, IndexDamage, testing::Range<uint64_t>(1, 5));

// One damage, and what the check must name.
struct Damage {
  std::string what;
  std::string key;
  std::function<void(std::string& row)> change;  // null: the row is deleted
};

std::string difference_after(IndexWorld& world, const Damage& damage) {
  const IndexWorld::Snapshot good = world.snapshot();
  if (damage.change) {
    damage.change(world.rows().map()[damage.key]);
  } else {
    world.rows().map().erase(damage.key);
  }
  const std::string found = world.difference(0);
  world.roll_back(good);
  return found;
}

TEST(IndexCheck, NamesTheFirstRowThatDiffers) {
  auto world = damaged_world(20);
  ASSERT_EQ(world->difference(0), "");
  const AgentOrd ord(0);
  const auto flip = [](size_t at) {
    return [at](std::string& row) { row.at(at) = static_cast<char>(row.at(at) ^ 1); };
  };
  const auto flip_last = [](std::string& row) { row.back() = static_cast<char>(row.back() ^ 1); };
  const std::string fence = std::string("F\0\0\0\0\1", 6) + std::string(4, '\0');
  const std::string chunk = std::string("C\0\0\0\0\1", 6) + std::string(7, '\0') + '\2';
  const std::string mask = keys::of_number(keys::Row::kMask, ord, 3);
  const std::vector<Damage> damages = {
      {"columns row (agent number 0, page 4)", columns_key(ord, 4), nullptr},
      {"D row (agent number 0, page 4)", columns_key(ord, 4), flip(0)},
      {"D row (agent number 0, page 4)", columns_key(ord, 4), flip(30)},
      {"D row (agent number 0, page 4)", columns_key(ord, 4), flip_last},
      {"D row (agent number 0, page 12)", columns_key(ord, 12), [](std::string& row) { row = "more"; }},
      {"X row (agent number 0, page 3)", mask, nullptr},
      {"X row (agent number 0, page 3)", mask, flip(2)},
      {"X row (agent number 0, page 3)", mask, [](std::string& row) { row.resize(9); }},
      {"X row (agent number 0, page 77)", keys::of_number(keys::Row::kMask, ord, 77),
       [](std::string& row) { row = MaskRow().encode(); }},
      {"B row (agent number 0, page 9)", keys::of_number(keys::Row::kBlock, ord, 9), nullptr},
      {"B row (agent number 0, page 9)", keys::of_number(keys::Row::kBlock, ord, 9), flip(0)},
      {"B row (agent number 0, page 9)", keys::of_number(keys::Row::kBlock, ord, 9), flip(8)},
      {"B row (agent number 0, page 9)", keys::of_number(keys::Row::kBlock, ord, 9), flip_last},
      {"B row (agent number 0, page 30)", keys::of_number(keys::Row::kBlock, ord, 30),
       [](std::string& row) { row = "more"; }},
      {"C row (agent number 0, level 1, segment 0, part 2)", chunk, nullptr},
      {"C row (agent number 0, level 1, segment 0, part 2)", chunk, flip(3)},
      {"C row (agent number 0, level 1, segment 0, part 2)", chunk, flip_last},
      {"(agent number 0, level 1, segment 0", fence, flip(9)},  // another first term: its chunk or the one before
      {"F row (agent number 0, level 1, segment 0)", fence, flip(4)},
      {"B row (agent number 0, page 0)", fence, flip(0)},  // no longer in force, and its blocks are gone
      {"B row (agent number 0, page 0)", fence, nullptr},
  };
  for (const Damage& damage : damages) {
    const std::string name = damage.what.starts_with("columns") ? "D" + damage.what.substr(7) : damage.what;
    EXPECT_NE(difference_after(*world, damage).find(name), std::string::npos)
        << "expected: " << name << "\nfound: " << difference_after(*world, damage);
  }
}

// Each bit of every posting counts: whatever byte of a block is changed, the check tells.
TEST(IndexCheck, FindsEveryChangedByteOfABlock) {
  IndexWorld world(21, kRoomy);
  DocShape shape;
  shape.vocabulary = 60;
  shape.terms_max = 4;
  for (uint32_t doc = 0; doc < 260; ++doc) world.add_drawn(0, shape);
  ASSERT_EQ(world.difference(0), "");
  std::string& row = world.rows().map()[keys::of_number(keys::Row::kBlock, AgentOrd(0), 0)];
  ASSERT_GT(row.size(), 300U);
  uint32_t unseen = 0;
  for (size_t at = 0; at < row.size(); ++at) {
    const char before = row[at];
    row[at] = static_cast<char>(before + 1);
    unseen += world.difference(0).empty() ? 1 : 0;
    row[at] = before;
  }
  // A bound may grow without a posting breaking it: one byte a term.
  EXPECT_LE(unseen, 60U);
}

}  // namespace
}  // namespace mnemo
