#include <gtest/gtest.h>

#include <set>

#include "events/text/analyzer.h"
#include "projector/store/index_segments.h"
#include "tests/projector/partition.h"

namespace mnemo::projector_test {
namespace {

using Kind = Outcome::Kind;

void expect_no_terms_in_fence(std::string_view key, Decoder in, const std::set<uint32_t>& hashes) {
  Fence fence;
  ASSERT_TRUE(read_fence_places(in, fence));
  for (size_t i = 0; i < fence.size(); ++i) {
    EXPECT_FALSE(fence[i] != 0 && hashes.contains(term_of(fence[i]))) << row_name(key) << ", place " << i;
  }
}

// None of the hashes is in a block, a chunk or a fence.
void expect_no_terms(const View& view, const std::set<uint32_t>& hashes) {
  for (const keys::Row kind : {keys::Row::kBlock, keys::Row::kChunk, keys::Row::kFence}) {
    const std::string from = keys::start(kind);
    ASSERT_TRUE(view.scan(from, prefix_end(from), [&](std::string_view key, std::string_view row) {
      const bool part = kind == keys::Row::kFence && key.size() > 10;
      const bool fence = kind == keys::Row::kFence || row[0] != static_cast<char>(BlockForm::kChunk);
      if (fence) {
        Decoder in(row.substr(part ? 0 : 5));
        expect_no_terms_in_fence(key, in, hashes);
        return true;
      }
      ChunkView chunk;
      EXPECT_TRUE(chunk.parse(row));
      for (uint32_t i = 0; i < chunk.terms(); ++i) EXPECT_FALSE(hashes.contains(chunk.term(i))) << row_name(key);
      return true;
    }));
  }
}

TEST(Forgotten, LeavesATombstoneAtOnceAndPurgesTheRestAsPendingWork) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  partition.add(remember("a", "x"));
  partition.add(remember("b", "x"));
  partition.add(update("a", "y"));
  partition.add(embed("a", 2, "m", {1}));
  partition.add(link("a", "b"));
  partition.add(link("b", "a"));
  partition.add(access("a", 3));
  const Outcome outcome = partition.add(forget("a"));
  EXPECT_EQ(outcome.kind, Kind::kApplied);
  EXPECT_EQ(outcome.count, 1u);
  EXPECT_EQ(outcome.version, 2u);
  EXPECT_TRUE(outcome.forgotten);
  EXPECT_EQ(partition.memory("a")->state, MemoryRow::State::kForgotten);
  EXPECT_FALSE(partition.meta().settled());
  // Vector, two versions, two links, the end: one unit each, the first of them by the forget itself.
  EXPECT_EQ(partition.settle(), 5);
  EXPECT_EQ(partition.rows(keys::Row::kVector), 0u);
  EXPECT_EQ(partition.rows(keys::Row::kLink), 0u);
  EXPECT_EQ(partition.rows(keys::Row::kBacklink), 0u);
  EXPECT_EQ(partition.rows(keys::Row::kAccess), 0u);
  EXPECT_EQ(partition.rows(keys::Row::kPending), 0u);
  EXPECT_TRUE(partition.memory("a")->stub);
  EXPECT_EQ(partition.meta().counters.forgotten, 1u);
  EXPECT_EQ(partition.meta().counters.memories, 1u);
}

TEST(Forgotten, WhatIsNotThereIsNotFound) {
  Partition partition;
  EXPECT_EQ(partition.add(forget("a")).code, Code::kNotFound);
  partition.add(remember("a", "x"));
  partition.add(forget("a"));
  EXPECT_EQ(partition.add(forget("a")).code, Code::kNotFound);
}

TEST(Forgotten, AnExpectedVersionThatIsNotTheCurrentOneIsAborted) {
  Partition partition;
  partition.add(remember("a", "x"));
  v1::Envelope event = forget("a");
  event.mutable_forgotten()->set_expected_version(7);
  EXPECT_EQ(partition.add(event).code, Code::kAborted);
  EXPECT_EQ(partition.memory("a")->state, MemoryRow::State::kLive);
}

TEST(Forgotten, TheContentDigestForgetsEverythingButTheId) {
  Partition partition;
  Partition other;
  partition.add(remember("a", "x"));
  partition.add(update("a", "secret"));
  partition.add(embed("a", 2, "m", {1, 2, 3}));
  partition.add(forget("a"));
  partition.settle();
  other.add(remember("a", "y"));
  other.add(forget("a"));
  other.settle();
  EXPECT_EQ(partition.meta().content, other.meta().content);
}

TEST(ForgottenByFilter, ForgetsWhatMatchesAndItsKeyTellsTheExactCountWhenDone) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 10; ++i) {
    partition.add(tagged(remember("m" + std::to_string(i), "x"), i % 2 == 0 ? "even" : "odd"));
  }
  const Outcome first = partition.add(keyed(forget_tag("even"), "k"));
  EXPECT_EQ(first.kind, Kind::kApplied);
  EXPECT_TRUE(first.pending);
  EXPECT_TRUE(partition.add(keyed(forget_tag("even"), "k")).pending);
  EXPECT_GT(partition.settle(), 10);
  const Outcome done = partition.add(keyed(forget_tag("even"), "k"));
  EXPECT_EQ(done.kind, Kind::kDuplicate);
  EXPECT_FALSE(done.pending);
  EXPECT_EQ(done.count, 5u);
  EXPECT_EQ(partition.live(), 5u);
}

TEST(ForgottenByFilter, HidesAtItsOwnPositionWhateverTheWorkHasReached) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 6; ++i) partition.add(tagged(remember("m" + std::to_string(i), "x"), "t"));
  partition.add(forget_tag("t"));
  ASSERT_EQ(partition.memory("m5")->state, MemoryRow::State::kLive) << "the work has not come to it";
  EXPECT_EQ(partition.add(update("m5", "y")).code, Code::kNotFound);
  EXPECT_EQ(partition.add(forget("m5")).code, Code::kNotFound);
  EXPECT_EQ(partition.add(access("m5", 1)).count, 0u);
  EXPECT_EQ(partition.add(embed("m5", 1, "m", {1})).count, 0u);
  const Outcome again = partition.add(tagged(remember("m5", "x"), "t"));
  EXPECT_EQ(again.kind, Kind::kDuplicate);
  EXPECT_TRUE(again.forgotten);
  ASSERT_EQ(partition.memory("m5")->state, MemoryRow::State::kLive);
  ASSERT_EQ(partition.view()->pending_forgets(AgentOrd(0))->size(), 1u);
}

TEST(ForgottenByFilter, CoversWhatCameBeforeItAndNothingElse) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 5; ++i) partition.add(tagged(remember("m" + std::to_string(i), "x"), "t"));
  partition.add(remember("late", "x"));
  partition.add(of_agent(tagged(remember("m0", "x"), "t"), "omar"));
  partition.add(keyed(forget_tag("t"), "k"));
  // These come while the filter is at work: one is new, one did not match when the filter came.
  partition.add(tagged(remember("new", "x"), "t"));
  v1::Envelope change = update("late", "x");
  change.mutable_updated()->mutable_tags()->add_values("t");
  EXPECT_EQ(partition.add(change).kind, Kind::kApplied);
  partition.settle();
  EXPECT_EQ(partition.memory("new")->state, MemoryRow::State::kLive);
  EXPECT_EQ(partition.memory("late")->state, MemoryRow::State::kLive);
  EXPECT_EQ(partition.memory("m0", "omar")->state, MemoryRow::State::kLive);
  EXPECT_EQ(partition.add(keyed(forget_tag("t"), "k")).count, 5u);
}

TEST(ForgottenByFilter, TwoFiltersCountEachMemoryOnce) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 4; ++i) partition.add(tagged(remember("m" + std::to_string(i), "x"), "t"));
  partition.add(keyed(forget_tag("t"), "one"));
  partition.add(keyed(forget_tag("t"), "two"));
  partition.settle();
  EXPECT_EQ(partition.add(keyed(forget_tag("t"), "one")).count, 4u);
  EXPECT_EQ(partition.add(keyed(forget_tag("t"), "two")).count, 0u);
}

// What had expired at the filter's position was hidden already: it is not the filter that takes it away.
TEST(ForgottenByFilter, DoesNotCountWhatHadExpiredBefore) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 6; ++i) {
    v1::Envelope envelope = tagged(remember("m" + std::to_string(i), "x"), "t");
    envelope.mutable_remembered()->set_expires_at_ms(kStartMs + 10);
    partition.add(envelope);
  }
  v1::Envelope later = tagged(remember("later", "x"), "t");
  later.mutable_remembered()->set_expires_at_ms(kStartMs + 30);
  partition.add(later);
  partition.now_ms = kStartMs + 20;
  partition.add(keyed(forget_tag("t"), "k"));
  partition.now_ms = kStartMs + 40;  // what the filter covers and what expires only now, the filter takes
  partition.tick(partition.now_ms);
  partition.settle();
  EXPECT_EQ(partition.add(keyed(forget_tag("t"), "k")).count, 1u);
  EXPECT_EQ(partition.meta().counters.expired, 6u);
  EXPECT_EQ(partition.meta().counters.forgotten, 1u);
  EXPECT_EQ(partition.memory("later")->state, MemoryRow::State::kForgotten);
  EXPECT_EQ(partition.memory("m0")->state, MemoryRow::State::kExpired);
}

TEST(ForgottenByFilter, AnAgentWithoutMemoriesIsDoneAtOnce) {
  Partition partition;
  const Outcome outcome = partition.add(forget_tag("t"));
  EXPECT_EQ(outcome.kind, Kind::kApplied);
  EXPECT_FALSE(outcome.pending);
  EXPECT_TRUE(partition.meta().settled());
}

TEST(ForgottenByFilter, ACrashInTheMiddleOfTheWorkChangesNothing) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 8; ++i) partition.add(tagged(remember("m" + std::to_string(i), "x"), i < 6 ? "t" : "u"));
  partition.add(keyed(forget_tag("t"), "one"));
  partition.add(keyed(forget_tag("u"), "two"));
  ASSERT_TRUE(partition.projection().flush(true));
  partition.tick(partition.now_ms);
  partition.tick(partition.now_ms);
  const Meta before = partition.meta();
  partition.crash();
  ASSERT_TRUE(partition.apply_appended());
  EXPECT_EQ(partition.meta().state, before.state);
  EXPECT_EQ(partition.add(update("m7", "y")).code, Code::kNotFound) << "the filters are known again";
  partition.settle();
  EXPECT_EQ(partition.live(), 0u);
  EXPECT_EQ(partition.meta().state, partition.rebuilt(100)->meta().state);
}

// Reads ask for the filters of their agent, at every answer: no other work may stand in the way.
TEST(ForgottenByFilter, ReadersFindItsFilterUnderItsAgentAndNothingWhenItIsDone) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 5; ++i) {
    partition.add(tagged(remember("m" + std::to_string(i), "x"), "t"));
    partition.add(of_agent(tagged(remember("m" + std::to_string(i), "x"), "u"), "omar"));
  }
  partition.add(forget_tag("t"));
  partition.add(of_agent(forget_tag("u"), "omar"));
  partition.add(forget_tag("v"));
  EXPECT_EQ(partition.meta().pending_forgets, 3u);
  const auto view = partition.view();
  const auto ninas = *view->pending_forgets(AgentOrd(0));
  ASSERT_EQ(ninas.size(), 2u);
  EXPECT_EQ(ninas[0].filter.condition().values(0).text(), "t");
  EXPECT_EQ(ninas[0].end, 5u);
  EXPECT_GT(ninas[0].next, 0u);
  EXPECT_EQ(ninas[1].filter.condition().values(0).text(), "v");
  const auto omars = *view->pending_forgets(AgentOrd(1));
  ASSERT_EQ(omars.size(), 1u);
  EXPECT_EQ(omars[0].filter.condition().values(0).text(), "u");
  partition.settle();
  EXPECT_EQ(partition.meta().pending_forgets, 0u);
  EXPECT_EQ(partition.rows(keys::Row::kForget), 0u);
}

TEST(ForgottenByFilter, AFilterThatIsLostHaltsThePartition) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 5; ++i) partition.add(tagged(remember("m" + std::to_string(i), "x"), "t"));
  partition.add(forget_tag("t"));
  partition.damage(keys::of_agent_sequence(keys::Row::kForget, AgentOrd(0), 0), "\xff");
  ASSERT_TRUE(partition.projection().flush(true));
  partition.crash();
  const Status status = partition.try_add(remember("n", "x"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kDataLoss);
  EXPECT_NE(status.error().message.find("pending forget 0"), std::string::npos) << status.error().message;
}

TEST(Forgotten, ARecordThatIsAStubBeforeItsPurgeHaltsThePartition) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  partition.add(remember("a", "x"));
  partition.add(update("a", "y"));
  partition.add(embed("a", 2, "m", {1}));
  partition.add(forget("a"));  // the vector goes
  partition.damage(keys::of_number(keys::Row::kRecord, AgentOrd(0), 1), std::string(1, '\0'));
  const Status status = partition.try_add(remember("n", "x"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kDataLoss);
  EXPECT_NE(status.error().message.find("document 1"), std::string::npos) << status.error().message;
}

// Forgetting is whole: once nothing waits, neither the words nor the filter values of what was forgotten are in any row
// of the index, in pages, merged segments and fences alike.
TEST(Forgotten, NothingOfItIsLeftInIndexRowsOnceNothingWaits) {
  Partition partition;
  const auto word = [](int i) { return "secretword" + std::to_string(i); };
  // Many words a memory, so that merged segments have many chunks; some that three memories share.
  const auto text = [&word](int i) {
    std::string words = word(i) + " shared" + std::to_string(i / 3);
    for (int k = 0; k < 30; ++k) words += " filler" + std::to_string(i) + "x" + std::to_string(k);
    return words;
  };
  constexpr int kMemories = 256 * 17;
  for (int i = 0; i < kMemories; ++i) {
    partition.append(tagged(remember("m" + std::to_string(i), text(i)), "tag-" + word(i)));
    if (i % 500 == 499) {
      ASSERT_TRUE(partition.apply_appended());
    }
  }
  std::set<int> forgotten;
  std::set<int> updated;
  for (int i = 0; i < kMemories; ++i) {
    const bool whole_page = i >= 600 && i < 1100;
    if (whole_page || i % 7 == 3) (i % 5 == 0 ? updated : forgotten).insert(i);
  }
  for (const int i : updated) partition.append(update("m" + std::to_string(i), "other"));
  for (const int i : forgotten) partition.append(forget("m" + std::to_string(i)));
  ASSERT_TRUE(partition.apply_appended());
  partition.settle();
  ASSERT_FALSE(partition.meta().idle()) << "the index has work left, which only ticks drive on an idle partition";
  partition.drain();
  EXPECT_EQ(partition.rows(keys::Row::kIndexWork), 0u);
  ASSERT_GT(partition.rows(keys::Row::kFence), 0u);

  std::vector<uint32_t> gone;
  std::vector<uint32_t> live;
  Analyzer analyzer;
  for (int i = 0; i < kMemories; ++i) {
    analyzer.analyze(text(i), forgotten.contains(i) || updated.contains(i) ? gone : live);
  }
  std::set<uint32_t> hashes(gone.begin(), gone.end());
  for (const uint32_t hash : live) hashes.erase(hash);
  ASSERT_GT(hashes.size(), 20'000u);
  expect_no_terms(*partition.view(), hashes);
  const std::string from = keys::start(keys::Row::kColumns);
  ASSERT_TRUE(partition.view()->scan(from, prefix_end(from), [&](std::string_view key, std::string_view row) {
    for (const int i : forgotten) EXPECT_EQ(row.find(word(i) + '\x01'), row.npos) << i << " in " << row_name(key);
    return !::testing::Test::HasFailure();
  }));
}

}  // namespace
}  // namespace mnemo::projector_test
