// The pace of merging and scrubbing, and what only large agents come to: fences of several rows, the third level.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "projector/store/index_segments.h"
#include "tests/store/index_world.h"

namespace mnemo {
namespace {

constexpr size_t kRoomy = 64 << 20;

// However much is removed, and with large merges in between: what is gone is out of the rows in time.
TEST(Index, WhatIsRemovedIsOutOfTheRowsWithinTheStatedTurns) {
  constexpr uint32_t kTurnsMax = 640;
  IndexWorld world(25, kRoomy);
  DocShape shape;
  shape.vocabulary = 50'000;
  shape.terms_max = 60;
  for (uint32_t doc = 0; doc < 256 * 48; ++doc) {
    world.add_drawn(0, shape);
    world.take_turn(kIndexStepsPerEvent);
  }
  uint32_t steps_max = 0;
  std::deque<uint32_t> removed;
  for (uint32_t turn = 0; turn < 6000; ++turn) {
    // As updates do: a new document in the place of an old one. Most documents have terms in many chunks.
    world.add_drawn(0, shape);
    uint32_t doc = 0;
    do {
      doc = static_cast<uint32_t>(world.pick(256 * 48));
    } while (!world.agent(0).live[doc]);
    world.remove(0, doc, true);
    removed.push_back(doc);
    steps_max = std::max(steps_max, world.take_turn(kIndexStepsPerEvent));
    if (turn % 500 != 499) continue;
    const std::vector<bool> in_rows = documents_in_rows(world.rows(), AgentOrd(0), world.agent(0).size());
    for (size_t i = 0; i + kTurnsMax < removed.size(); ++i) ASSERT_FALSE(in_rows[removed[i]]) << "turn " << turn;
  }
  EXPECT_GT(steps_max, kIndexStepsPerEvent) << "the test means to bring more than the least can do";
  EXPECT_LE(steps_max, 256U) << "and no turn takes much more than one brings";
  uint32_t turns = 0;
  for (; !world.backlog().empty(); ++turns) world.take_turn(kIndexStepsPerEvent);
  EXPECT_LE(turns, kTurnsMax);
  EXPECT_EQ(world.difference(0), "");
}

TEST(Index, ATurnTakesTwiceAsManyStepsForEveryTimeThatTheOldestTaskHasWaited) {
  EXPECT_EQ(index_steps_of_turn(4, 0), 4U);
  EXPECT_EQ(index_steps_of_turn(4, kIndexPatienceTurns - 1), 4U);
  EXPECT_EQ(index_steps_of_turn(4, kIndexPatienceTurns), 8U);
  EXPECT_EQ(index_steps_of_turn(4, kIndexPatienceTurns * 9 + 5), 2048U);
  EXPECT_EQ(index_steps_of_turn(4, UINT64_MAX), kIndexStepsPerTurnMax);
  EXPECT_EQ(index_steps_of_turn(kIndexStepsPerTick, kIndexPatienceTurns * 5), kIndexStepsPerTurnMax);
}

// Where the numbers of the queue are lost, so is its work: they are part of what is kept with the rows.
TEST(Index, TheBacklogSaysWhatWaitsAndBeginsAnewWhenNothingDoes) {
  IndexWorld world(26, kRoomy);
  for (uint32_t doc = 0; doc < 300; ++doc) world.add_drawn(0, {});
  EXPECT_TRUE(world.backlog().empty());
  for (uint32_t doc = 0; doc < 20; ++doc) world.remove(0, doc, true);
  EXPECT_EQ(world.backlog().next, 20U);
  world.take_turn(1);
  EXPECT_EQ(world.backlog().turns, 1U);
  world.reopen();
  while (world.take_turn(1) > 0) {
  }
  EXPECT_EQ(world.backlog(), IndexBacklog());
  EXPECT_EQ(world.take_turn(1), 0U);
  EXPECT_EQ(world.backlog(), IndexBacklog()) << "turns without work leave no trace";
  EXPECT_EQ(world.difference(0), "");
}

// A fence of more than 512 chunks goes on in further rows.
TEST(IndexSegments, AFenceGoesOnInFurtherRows) {
  MapRows rows;
  constexpr uint32_t kChunks = 3 * kFencePlacesPerRow - 100;
  const auto place = [](uint32_t chunk) { return chunk == 0 ? 0 : place_of(chunk * 1000, chunk % 9 == 0 ? 7 : 0); };
  for (uint32_t chunk = 0; chunk < kChunks; ++chunk) {
    if (chunk == kFencePlacesPerRow + 3) {
      EXPECT_FALSE(load_segment(rows, AgentOrd(0), 1, 5)) << "it is not in force yet";
    }
    ASSERT_TRUE(append_fence(rows, AgentOrd(0), 1, 5, chunk, place(chunk)));
  }
  ASSERT_TRUE(publish_fence(rows, AgentOrd(0), 1, 5, kChunks));
  EXPECT_EQ(rows.map().size(), 3U);
  for (const auto& [key, row] : rows.map()) EXPECT_LE(row.size(), 6U * 1024);
  const Result<Segment> segment = load_segment(rows, AgentOrd(0), 1, 5);
  ASSERT_TRUE(segment) << segment.error().message;
  ASSERT_EQ(segment->chunks(), kChunks);
  for (uint32_t chunk = 0; chunk < kChunks; ++chunk) ASSERT_EQ(segment->first_of(chunk), place(chunk));
  EXPECT_EQ(segment->find(place_of(kFencePlacesPerRow * 1000, 3)), kFencePlacesPerRow);
  EXPECT_EQ(level_of_page(rows, AgentOrd(0), 41).value(), 1U);

  const auto good = rows.map();
  rows.map().erase(segment_part_key(keys::Row::kFence, AgentOrd(0), 1, 5, 1));
  EXPECT_FALSE(load_segment(rows, AgentOrd(0), 1, 5));
  rows.map() = good;
  rows.map()[segment_part_key(keys::Row::kFence, AgentOrd(0), 1, 5, 2)].clear();
  EXPECT_FALSE(load_segment(rows, AgentOrd(0), 1, 5)) << "a part that lacks places";
}

// 512 pages: three levels of merges, the last with a fence of several rows.
TEST(Index, TheThirdLevelAnswersLikeTheOthers) {
  IndexWorld world(27, kRoomy);
  DocShape shape;
  shape.terms_max = 50;
  shape.vocabulary = 200'000;
  shape.common_term_percent = 0;
  for (uint32_t doc = 0; doc < kPageDocs * 513; ++doc) {
    world.add_drawn(0, shape);
    if (doc % 400 == 399) world.remove(0, static_cast<uint32_t>(world.pick(doc)), true);
    world.take_turn(kIndexStepsPerEvent);
  }
  world.work_all();
  bool third = false;
  bool further = false;
  for (const auto& [key, row] : world.rows().map()) {
    third |= key[0] == 'F' && key[5] == 3;
    further |= key[0] == 'F' && key[5] == 3 && key.size() == 14;
  }
  EXPECT_TRUE(third);
  EXPECT_TRUE(further);
  world.expect_equal(0, 30);
  EXPECT_EQ(world.difference(0), "");
}

}  // namespace
}  // namespace mnemo
