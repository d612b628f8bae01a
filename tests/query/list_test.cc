#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/engine.h"
#include "tests/query/model_view.h"
#include "tests/query/naive.h"

namespace mnemo::query_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using v1::Condition;

const Engine kEngine(Profile::defaults());

Result<Engine::Page> page(const View& view, uint32_t limit, const std::string& cursor = "",
                          const std::optional<v1::Filter>& filter = std::nullopt, const std::string& agent = kAgent) {
  return kEngine.list(view, kNamespace, agent, filter, limit, cursor);
}

std::vector<std::string> ids(const Engine::Page& page) {
  std::vector<std::string> result;
  for (const Memory& memory : page.memories) result.push_back(memory.id);
  return result;
}

ModelView five() {
  ModelView view;
  for (const char* id : {"a", "b", "c", "d", "e"}) view.put({.id = id, .text = id, .tags = {"t"}});
  return view;
}

TEST(List, PagesGoFromTheNewestDocumentDown) {
  const ModelView view = five();
  const Engine::Page first = page(view, 2).value();
  EXPECT_THAT(ids(first), ElementsAre("e", "d"));
  EXPECT_TRUE(first.truncated);
  const Engine::Page second = page(view, 2, first.next_cursor).value();
  EXPECT_THAT(ids(second), ElementsAre("c", "b"));
  const Engine::Page last = page(view, 2, second.next_cursor).value();
  EXPECT_THAT(ids(last), ElementsAre("a"));
  EXPECT_FALSE(last.truncated);
  EXPECT_TRUE(last.next_cursor.empty());
}

TEST(List, AFullLastPageHasNoCursor) {
  const ModelView view = five();
  const Engine::Page all = page(view, 5).value();
  EXPECT_EQ(all.memories.size(), 5u);
  EXPECT_FALSE(all.truncated);
  EXPECT_TRUE(all.next_cursor.empty());
}

TEST(List, WhatIsAddedMeanwhileNeitherRepeatsNorShiftsPages) {
  ModelView view = five();
  const Engine::Page first = page(view, 2).value();
  view.put({.id = "f", .text = "f"});
  view.forget("c");
  EXPECT_THAT(ids(page(view, 2, first.next_cursor).value()), ElementsAre("b", "a"));
}

TEST(List, PagesTogetherAreEveryVisibleMemoryOnce) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    ModelView view;
    for (uint64_t i = 0, n = 1 + below(random, 300); i < n; ++i) {
      Draft draft = random_draft(random, "m" + std::to_string(below(random, 200)));
      if (below(random, 10) == 0)
        draft.expires_at_ms = draft.recorded_at_ms + static_cast<int64_t>(below(random, 600'000));
      view.put(draft);
    }
    if (below(random, 2) == 0) view.forget_later(random_filter(random), static_cast<uint32_t>(below(random, 5)));
    std::optional<v1::Filter> filter;
    if (below(random, 2) == 0) filter = random_filter(random);
    const auto limit = static_cast<uint32_t>(1 + below(random, 40));
    std::vector<std::string> listed;
    std::string cursor;
    do {
      const Engine::Page next = page(view, limit, cursor, filter).value();
      EXPECT_EQ(next.truncated, !next.next_cursor.empty());
      EXPECT_LE(next.memories.size(), limit);
      for (const std::string& id : ids(next)) listed.push_back(id);
      cursor = next.next_cursor;
    } while (!cursor.empty());
    EXPECT_EQ(listed, naive_visible(view, kNamespace, kAgent, view.meta().event_time_ms, filter));
  }
}

TEST(List, AForeignCursorIsRefused) {
  ModelView view = five();
  for (const char* id : {"x", "y", "z"}) view.put({.id = id, .tags = {"t"}}, "another-agent");
  const std::string cursor = page(view, 2).value().next_cursor;
  const v1::Filter filter = condition(Condition::TAG, Condition::EQ, {"t"});
  const auto code = [&](const Result<Engine::Page>& result) { return result ? Code::kUnknown : result.error().code; };
  EXPECT_EQ(code(page(view, 2, cursor, std::nullopt, "another-agent")), Code::kInvalidArgument);
  EXPECT_EQ(code(page(view, 2, cursor, std::nullopt, "nobody")), Code::kInvalidArgument);
  EXPECT_EQ(code(page(view, 2, cursor, filter)), Code::kInvalidArgument);
  EXPECT_EQ(code(kEngine.list(view, "other", kAgent, std::nullopt, 2, cursor)), Code::kInvalidArgument);
  view.mutable_meta().epoch += 1;
  EXPECT_EQ(code(page(view, 2, cursor)), Code::kInvalidArgument);
  view.mutable_meta().epoch -= 1;
  EXPECT_EQ(code(page(view, 3, cursor)), Code::kUnknown);  // another size of page is fine
  view.mutable_meta().log_id[0] ^= 1;
  EXPECT_EQ(code(page(view, 2, cursor)), Code::kInvalidArgument);
}

TEST(List, AnAlteredCursorIsRefused) {
  const ModelView view = five();
  const std::string cursor = page(view, 2).value().next_cursor;
  EXPECT_EQ(cursor.find_first_not_of("0123456789abcdef"), std::string::npos);  // URL-safe
  for (size_t i = 0; i < cursor.size(); ++i) {
    for (const char c : {'0', '1', 'f', 'A', '%', '\0'}) {
      std::string altered = cursor;
      altered[i] = c;
      if (altered == cursor) continue;
      const auto result = page(view, 2, altered);
      ASSERT_FALSE(result.has_value()) << altered;
      EXPECT_EQ(result.error().code, Code::kInvalidArgument);
    }
  }
  for (const std::string& text : {cursor.substr(1), cursor + "00", std::string("x"), std::string(5000, '0')}) {
    EXPECT_FALSE(page(view, 2, text).has_value()) << text;
  }
}

TEST(List, RefusesWhatIsOutOfItsLimits) {
  const ModelView view = five();
  EXPECT_EQ(page(view, 0).error().code, Code::kInvalidArgument);
  EXPECT_EQ(page(view, 1001).error().code, Code::kInvalidArgument);
  EXPECT_EQ(page(view, 2, "", v1::Filter{}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(page(view, 2, "", v1::Filter{}, "nobody").error().code, Code::kInvalidArgument);
  EXPECT_EQ(page(view, 2, "", std::nullopt, "").error().code, Code::kInvalidArgument);
}

TEST(List, NothingMadeOfColumnsThatCouldNotBeReadIsListed) {
  ModelView view = five();
  view.fail_columns({Code::kDataLoss, "a columns row is damaged"});
  const v1::Filter later = time_condition(Condition::OBSERVED_AT, Condition::GTE, {0});
  EXPECT_EQ(page(view, 2, "", later).error().code, Code::kDataLoss);
}

TEST(List, AnAgentWithoutMemoriesIsAnEmptyPageWithAPosition) {
  const ModelView view = five();
  const Engine::Page empty = page(view, 2, "", std::nullopt, "nobody").value();
  EXPECT_THAT(empty.memories, IsEmpty());
  EXPECT_FALSE(empty.truncated);
  EXPECT_EQ(empty.position, (Position{PartitionId(3), 1, 5}));
}

}  // namespace
}  // namespace mnemo::query_test
