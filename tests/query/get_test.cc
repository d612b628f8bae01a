#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/engine.h"
#include "tests/query/model_view.h"

namespace mnemo::query_test {
namespace {

using v1::Condition;

const Engine kEngine(Profile::defaults());

Result<Memory> get(const View& view, const std::string& id, std::optional<TimestampMs> reference = std::nullopt) {
  return kEngine.get(view, kNamespace, kAgent, id, reference);
}
Result<std::vector<Memory>> history(const View& view, const std::string& id) {
  return kEngine.history(view, kNamespace, kAgent, id);
}

TEST(Get, ReturnsTheCurrentVersionWithEveryField) {
  ModelView view;
  view.put({.id = "a", .text = "old", .recorded_at_ms = 4});
  Draft draft{.id = "a", .text = "new", .session = "s1", .speaker = "Nina", .kind = "fact", .tags = {"t", "u"}};
  draft.metadata = {{"k", MetadataView::Type::kText, "v", 0, false},
                    {"n", MetadataView::Type::kNumber, "", 1.5, false}};
  draft.observed_at_ms = 5;
  draft.recorded_at_ms = 6;
  draft.expires_at_ms = 700;
  draft.memory_class = 2;
  draft.tier = 3;
  draft.content = "{}";
  draft.source = "notes";
  draft.importance = 700;
  draft.pinned = true;
  view.put(draft);
  const Memory memory = get(view, "a").value();
  EXPECT_EQ(memory.id, "a");
  EXPECT_EQ(memory.name_space, kNamespace);
  EXPECT_EQ(memory.agent_id, kAgent);
  EXPECT_EQ(memory.version, 2u);
  EXPECT_EQ(memory.text, "new");
  EXPECT_EQ(memory.session_id, "s1");
  EXPECT_EQ(memory.speaker, "Nina");
  EXPECT_EQ(memory.kind, "fact");
  EXPECT_EQ(memory.memory_class, "semantic");
  EXPECT_EQ(memory.tier, "long");
  EXPECT_THAT(memory.tags, ::testing::ElementsAre("t", "u"));
  ASSERT_EQ(memory.metadata.size(), 2u);
  EXPECT_EQ(memory.metadata[0].text, "v");
  EXPECT_EQ(memory.metadata[1].number_bits, 0x3ff8000000000000u);
  EXPECT_EQ(memory.observed_at_ms, 5);
  EXPECT_EQ(memory.recorded_at_ms, 6);
  EXPECT_EQ(memory.expires_at_ms, 700);
  EXPECT_EQ(memory.created_at_ms, 4);
  EXPECT_EQ(memory.content, "{}");
  EXPECT_EQ(memory.source, "notes");
  EXPECT_EQ(memory.importance, 700);
  EXPECT_TRUE(memory.pinned);
  EXPECT_FALSE(memory.superseded);
  EXPECT_EQ(memory.event_id, "00000000-0000-0000-0000-000000000002");
}

TEST(Get, AbsentForgottenExpiredAndCoveredMemoriesAreNotFoundInTheSameWords) {
  ModelView view;
  view.put({.id = "here", .text = "x"});
  view.put({.id = "forgotten", .text = "x"});
  view.forget("forgotten");
  view.put({.id = "expired", .text = "x", .recorded_at_ms = 10, .expires_at_ms = 10});
  view.put({.id = "covered", .text = "x", .tags = {"secret"}});
  view.forget_later(condition(Condition::TAG, Condition::EQ, {"secret"}), 0);
  view.put({.id = "after", .text = "x", .tags = {"secret"}});
  EXPECT_TRUE(get(view, "here").has_value());
  EXPECT_TRUE(get(view, "after").has_value());
  const Error absent = get(view, "absent").error();
  EXPECT_EQ(absent.code, Code::kNotFound);
  for (const char* id : {"forgotten", "expired", "covered"}) {
    ASSERT_FALSE(get(view, id).has_value()) << id;
    EXPECT_EQ(get(view, id).error().code, Code::kNotFound);
    EXPECT_EQ(get(view, id).error().message, absent.message);
    EXPECT_EQ(history(view, id).error().message, absent.message);
  }
  EXPECT_EQ(kEngine.get(view, kNamespace, "nobody", "here").error().message, absent.message);
  EXPECT_EQ(kEngine.get(view, "other", kAgent, "here").error().message, absent.message);
}

TEST(Get, ReferenceTimeHidesWhatExpiresByThen) {
  ModelView view;
  view.put({.id = "a", .text = "x", .recorded_at_ms = 10, .expires_at_ms = 20});
  EXPECT_TRUE(get(view, "a").has_value());
  EXPECT_TRUE(get(view, "a", 19).has_value());
  EXPECT_FALSE(get(view, "a", 20).has_value());
}

TEST(Get, RefusesAnEmptyIdAndAScopeThatCannotBe) {
  ModelView view;
  view.put({.id = "a", .text = "x"});
  EXPECT_EQ(get(view, "").error().code, Code::kInvalidArgument);
  EXPECT_EQ(kEngine.get(view, "", kAgent, "a").error().code, Code::kInvalidArgument);
}

TEST(History, HoldsEveryVersionNewestFirst) {
  ModelView view;
  view.put({.id = "a", .text = "one"});
  view.put({.id = "b", .text = "other"});
  view.put({.id = "a", .text = "two"});
  view.put({.id = "a", .text = "three"});
  const std::vector<Memory> versions = history(view, "a").value();
  ASSERT_EQ(versions.size(), 3u);
  EXPECT_EQ(versions[0].text, "three");
  EXPECT_EQ(versions[2].text, "one");
  EXPECT_EQ(versions[2].version, 1u);
  EXPECT_FALSE(versions[0].superseded);
  EXPECT_TRUE(versions[1].superseded);
  EXPECT_TRUE(versions[2].superseded);
}

TEST(History, AChainThatDoesNotGoDownIsDataLoss) {
  ModelView view;
  view.put({.id = "a", .text = "one"});
  view.put({.id = "a", .text = "two"});
  view.mutable_doc(1).row = encode_draft({.id = "a", .text = "two"}, 2, 2, 1);  // its own predecessor
  EXPECT_EQ(history(view, "a").error().code, Code::kDataLoss);
  view.mutable_doc(1).row = encode_draft({.id = "a", .text = "two"}, 2, 2, 0);
  view.mutable_doc(0).row = encode_draft({.id = "b", .text = "another memory"}, 1);
  EXPECT_EQ(history(view, "a").error().code, Code::kDataLoss);
}

}  // namespace
}  // namespace mnemo::query_test
