// An operator's decision that a record is never applied, and what belongs elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/projector/partition.h"

namespace mnemo::projector_test {
namespace {

using Kind = Outcome::Kind;
using ::testing::HasSubstr;

v1::Envelope skip(uint64_t offset, uint32_t epoch = 1) {
  v1::Envelope envelope;
  v1::SkipRecorded& e = *envelope.mutable_skip_recorded();
  e.set_epoch(epoch);
  e.set_offset(offset);
  e.set_reason("a test");
  return envelope;
}

void invalid(const Outcome& outcome) {
  EXPECT_EQ(outcome.kind, Kind::kSkipped);
  EXPECT_EQ(outcome.skip, SkipReason::kInvalid);
}

TEST(SkipRecorded, DecidesAboutARecordOfItsEpochBeforeItselfThatFoundsNothing) {
  Partition partition;
  invalid(partition.add(skip(0)));
  invalid(partition.add(skip(1)));
  invalid(partition.add(skip(partition.meta().next_offset)));
  invalid(partition.add(skip(partition.meta().next_offset + 1)));
  invalid(partition.add(skip(2, 2)));
}

TEST(SkipRecorded, OfARecordThatWasPassedOverIsTaken) {
  Partition partition;
  const uint64_t at = partition.meta().next_offset;
  partition.append(remember("a", "x"));
  partition.append(skip(at));
  partition.append(skip(at));
  partition.skips = {at};
  std::vector<Outcome> outcomes;
  ASSERT_TRUE(partition.apply_appended(&outcomes));
  EXPECT_EQ(outcomes[1].kind, Kind::kControl);
  EXPECT_EQ(outcomes[2].kind, Kind::kControl);
  EXPECT_FALSE(partition.memory("a"));
}

TEST(SkipRecorded, OfARecordThatWasAppliedHaltsUntilTheProjectionIsMadeAnew) {
  Partition partition;
  const uint64_t at = partition.meta().next_offset;
  partition.add(remember("a", "x"));
  const Status halted = partition.try_add(skip(at));
  ASSERT_FALSE(halted);
  EXPECT_EQ(halted.error().code, Code::kDataLoss);
  EXPECT_THAT(halted.error().message, HasSubstr("0-1-2"));
  EXPECT_THAT(halted.error().message, HasSubstr("delete the projection"));
  EXPECT_EQ(partition.projection().refused(), std::nullopt) << "skipping the decision would mend nothing";
  partition.skips = {at};
  const auto anew = partition.rebuilt(100);
  EXPECT_FALSE(anew->memory("a"));
  EXPECT_EQ(anew->meta().next_offset, at + 2);
}

TEST(WrongPartition, WhatIsInvalidBelongsToNoPartition) {
  const uint32_t ours = partition_of(message_key("acme", "nina"), 8).value;
  Partition partition({.partitions = 8, .partition = (ours + 1) % 8});
  invalid(partition.add(remember("a", "")));
  EXPECT_EQ(partition.add(remember("a", "x")).skip, SkipReason::kWrongPartition);
}

}  // namespace
}  // namespace mnemo::projector_test
