#include <gtest/gtest.h>

#include "tests/projector/partition.h"

namespace mnemo::projector_test {
namespace {

using Kind = Outcome::Kind;

void set_links_max(Partition& partition, uint32_t max) {
  partition.activate([max](v1::RulesActivated& rules) {
    rules.set_links_per_memory_max(max);
    rules.set_work_units_per_event(1);
  });
}

TEST(Linked, MakesALinkOnceInBothDirections) {
  Partition partition;
  partition.add(remember("a", "x"));
  partition.add(remember("b", "x"));
  EXPECT_EQ(partition.add(link("a", "b")).count, 1u);
  EXPECT_EQ(partition.add(link("a", "b")).count, 0u);
  EXPECT_EQ(partition.add(link("a", "b", "other")).count, 1u);
  EXPECT_EQ(partition.add(link("b", "a")).count, 1u);
  EXPECT_EQ(partition.rows(keys::Row::kLink), 3u);
  EXPECT_EQ(partition.rows(keys::Row::kBacklink), 3u);
}

TEST(Linked, BothEndsMustExist) {
  Partition partition;
  partition.add(remember("a", "x"));
  EXPECT_EQ(partition.add(link("a", "b")).code, Code::kNotFound);
  EXPECT_EQ(partition.add(link("b", "a")).code, Code::kNotFound);
  partition.add(remember("b", "x"));
  partition.add(forget("b"));
  EXPECT_EQ(partition.add(link("a", "b")).code, Code::kNotFound);
}

TEST(Linked, TheLimitRefusesWithWhatToDo) {
  Partition partition;
  set_links_max(partition, 2);
  for (const char* id : {"a", "b", "c", "d"}) partition.add(remember(id, "x"));
  partition.add(link("a", "b"));
  partition.add(link("a", "c"));
  EXPECT_EQ(partition.add(link("a", "d")).code, Code::kResourceExhausted);
  EXPECT_EQ(partition.add(link("a", "c")).kind, Kind::kApplied) << "a link that exists needs no room";
  EXPECT_EQ(partition.add(link("b", "d")).kind, Kind::kApplied);
  partition.add(unlink("a", "b"));
  EXPECT_EQ(partition.add(link("a", "d")).kind, Kind::kApplied);
}

// Whether the purge of a forgotten memory has come to its links depends on what else happens in the partition, so no
// answer may depend on it.
TEST(Linked, LinksToForgottenMemoriesTakeNoRoomWhateverThePurgeHasReached) {
  Partition partition;
  set_links_max(partition, 2);
  for (const char* id : {"a", "b", "c", "d", "e"}) partition.add(remember(id, "x"));
  partition.add(link("a", "b"));
  partition.add(link("a", "c"));
  partition.add(update("b", "y"));
  partition.add(forget("b"));
  ASSERT_EQ(partition.rows(keys::Row::kLink), 2u) << "the purge has not come to the link";
  EXPECT_EQ(partition.add(link("a", "d")).kind, Kind::kApplied);
  EXPECT_EQ(partition.add(link("a", "e")).code, Code::kResourceExhausted);
}

TEST(Unlinked, RemovesALinkAndRefusesOneThatIsNotThere) {
  Partition partition;
  partition.add(remember("a", "x"));
  partition.add(remember("b", "x"));
  partition.add(link("a", "b"));
  EXPECT_EQ(partition.add(unlink("b", "a")).code, Code::kNotFound);
  EXPECT_EQ(partition.add(unlink("a", "b", "other")).code, Code::kNotFound);
  EXPECT_EQ(partition.add(unlink("a", "b")).count, 1u);
  EXPECT_EQ(partition.add(unlink("a", "b")).code, Code::kNotFound);
  EXPECT_EQ(partition.rows(keys::Row::kLink), 0u);
  EXPECT_EQ(partition.rows(keys::Row::kBacklink), 0u);
}

TEST(Unlinked, ALinkToAForgottenMemoryIsGoneWhateverThePurgeHasReached) {
  Partition partition;
  set_links_max(partition, 2);
  partition.add(remember("a", "x"));
  partition.add(remember("b", "x"));
  partition.add(update("b", "y"));
  partition.add(link("a", "b"));
  partition.add(forget("b"));
  ASSERT_EQ(partition.rows(keys::Row::kLink), 1u) << "the purge has not come to the link";
  EXPECT_EQ(partition.add(unlink("a", "b")).code, Code::kNotFound);
  partition.settle();
  EXPECT_EQ(partition.add(unlink("a", "b")).code, Code::kNotFound);
}

TEST(EmbeddingAttached, ReplacesTheVectorOfTheSameModelOnly) {
  Partition partition;
  partition.add(remember("a", "x"));
  EXPECT_EQ(partition.add(embed("a", 1, "m", {1, 0})).count, 1u);
  EXPECT_EQ(partition.add(embed("a", 1, "m", {0, 1})).count, 1u);
  EXPECT_EQ(partition.add(embed("a", 1, "other", {1, 1})).count, 1u);
  EXPECT_EQ(partition.rows(keys::Row::kVector), 2u);
}

TEST(EmbeddingAttached, ForAnOldVersionOrAMemoryThatIsGoneItDoesNothing) {
  Partition partition;
  partition.add(remember("a", "x"));
  partition.add(update("a", "y"));
  const Digest content = partition.meta().content;
  const Outcome late = partition.add(embed("a", 1, "m", {1}));
  EXPECT_EQ(late.kind, Kind::kApplied);
  EXPECT_EQ(late.count, 0u);
  EXPECT_EQ(partition.add(embed("a", 3, "m", {1})).count, 0u);
  EXPECT_EQ(partition.add(embed("b", 1, "m", {1})).count, 0u);
  EXPECT_EQ(partition.rows(keys::Row::kVector), 0u);
  EXPECT_EQ(partition.meta().content, content);
}

TEST(Accessed, CountsReadsOfMemoriesThatAreThere) {
  Partition partition;
  partition.add(remember("a", "x"));
  v1::Envelope event = access("a", 3);
  *event.mutable_accessed()->add_entries() = access("gone", 1).accessed().entries(0);
  *event.mutable_accessed()->add_entries() = access("a", 2).accessed().entries(0);
  partition.now_ms += 7;
  EXPECT_EQ(partition.add(event).count, 2u);
  v1::Envelope past = access("a", 1);
  past.set_recorded_at_ms(kStartMs - 1000);
  partition.add(past);
  std::string row;
  ASSERT_TRUE(*partition.view()->get(keys::of_agent(keys::Row::kAccess, AgentOrd(0)).append(1, '\0') + "a", row));
  Decoder in(row);
  EXPECT_EQ(in.varint(), 6u);
  EXPECT_EQ(in.zigzag64(), kStartMs + 7) << "the last access, not the last event";
}

}  // namespace
}  // namespace mnemo::projector_test
