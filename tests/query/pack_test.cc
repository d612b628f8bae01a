#include "query/pack.h"

#include <gtest/gtest.h>

#include "events/envelope.h"
#include "tests/query/model_view.h"

namespace mnemo::query_test {
namespace {

Hit hit(const std::string& id, const std::string& text) {
  Hit made;
  made.memory.id = id;
  made.memory.text = text;
  made.memory.session_id = "s1";
  made.memory.speaker = "Nina";
  return made;
}

constexpr std::string_view kHead = "[id=a session=s1 speaker=Nina observed_at=1970-01-01T00:00:00.000Z]\n";

TEST(Pack, HoldsProvenanceAndTextInOrderOfRank) {
  const std::string context = pack_context({hit("a", "Green tea."), hit("b", "Moved to Lisbon.")}, 1000);
  EXPECT_EQ(context, std::string(kHead) +
                         "Green tea.\n\n"
                         "[id=b session=s1 speaker=Nina observed_at=1970-01-01T00:00:00.000Z]\nMoved to Lisbon.\n");
}

TEST(Pack, LeavesOutSessionAndSpeakerThatAreNotThere) {
  Hit bare = hit("a", "Green tea.");
  bare.memory.session_id.clear();
  bare.memory.speaker.clear();
  EXPECT_EQ(pack_context({bare}, 1000), "[id=a observed_at=1970-01-01T00:00:00.000Z]\nGreen tea.\n");
}

TEST(Pack, EstimatesAQuarterTokenAnAsciiCharacterAndOneForEveryOther) {
  EXPECT_EQ(estimate_tokens(""), 0u);
  EXPECT_EQ(estimate_tokens("a"), 1u);
  EXPECT_EQ(estimate_tokens("four"), 1u);
  EXPECT_EQ(estimate_tokens("five5"), 2u);
  EXPECT_EQ(estimate_tokens("東京"), 2u);
  EXPECT_EQ(estimate_tokens("東京four"), 3u);
}

TEST(Pack, NeverExceedsTheBudgetAndCutsBetweenCharacters) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    std::vector<Hit> hits;
    for (int i = 0; i < 6; ++i) {
      std::string text;
      for (uint64_t w = below(random, 60); w > 0; --w) text += below(random, 3) == 0 ? "東京🍵é" : "word ";
      hits.push_back(hit("m" + std::to_string(i), text));
    }
    size_t longest = 0;
    for (uint32_t budget = 1; budget <= 700; budget += 1 + static_cast<uint32_t>(below(random, 5))) {
      const std::string context = pack_context(hits, budget);
      ASSERT_LE(estimate_tokens(context), budget);
      ASSERT_TRUE(is_utf8(context));
      longest = std::max(longest, context.size());
    }
    EXPECT_GT(longest, 200u);
  }
}

TEST(Pack, AMemoryThatFitsExactlyIsWhole) {
  const std::string text(400, 'x');
  const auto exact = static_cast<uint32_t>(estimate_tokens(std::string(kHead) + text + "\n"));
  EXPECT_EQ(pack_context({hit("a", text)}, exact), std::string(kHead) + text + "\n");
  const std::string cut = pack_context({hit("a", text)}, exact - 1);
  EXPECT_TRUE(cut.ends_with("x…\n"));
  EXPECT_EQ(estimate_tokens(cut), exact - 1);
}

TEST(Pack, TheFirstThatDoesNotFitEndsTheContext) {
  const auto budget = static_cast<uint32_t>(estimate_tokens(std::string(kHead) + "Green tea.\n") + 25);
  // "b" would have a few words only: it is left out, and "c" does not slip in before it.
  const std::string context =
      pack_context({hit("a", "Green tea."), hit("b", std::string(400, 'x')), hit("c", "y")}, budget);
  EXPECT_EQ(context, std::string(kHead) + "Green tea.\n");
}

TEST(Pack, RetrieveFillsTheContextOnlyWithABudget) {
  ModelView view;
  view.put({.id = "a", .text = "Green tea.", .session = "s1", .speaker = "Nina"});
  RetrieveRequest request;
  request.name_space = kNamespace;
  request.agent_id = kAgent;
  request.query = "tea";
  const Engine engine(Profile::defaults());
  EXPECT_TRUE(engine.retrieve(view, request)->context.empty());
  request.context_token_budget = 100;
  EXPECT_EQ(engine.retrieve(view, request)->context, std::string(kHead) + "Green tea.\n");
}

}  // namespace
}  // namespace mnemo::query_test
