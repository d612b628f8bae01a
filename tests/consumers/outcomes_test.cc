#include "consumers/outcomes.h"

#include <gmock/gmock.h>

namespace mnemo {
namespace {

using ::testing::ElementsAre;

class OutcomesTest : public ::testing::Test {
 protected:
  void expect(uint32_t partition, uint8_t id) {
    outcomes_.expect(PartitionId(partition), {id}, this,
                     [this, id](const Result<Outcome>& outcome) { (outcome ? applied_ : failed_).push_back(id); });
  }
  void deliver(uint8_t id) {
    Outcome outcome;
    outcome.record_id = {id};
    outcomes_.deliver(outcome);
  }

  const Error why_{Code::kFailedPrecondition, "upgrade", false};
  Outcomes outcomes_;
  std::vector<uint8_t> applied_;
  std::vector<uint8_t> failed_;
};

TEST_F(OutcomesTest, AreToldOnce) {
  expect(0, 1);
  expect(0, 2);
  deliver(1);
  deliver(1);
  deliver(3);
  EXPECT_THAT(applied_, ElementsAre(1));
  EXPECT_TRUE(outcomes_.any_expected());
  outcomes_.drop({2}, this);
  deliver(2);
  EXPECT_THAT(applied_, ElementsAre(1));
  EXPECT_FALSE(outcomes_.any_expected());
}

TEST_F(OutcomesTest, TellEveryoneWhoWaitsForAnEventAndOneMayGiveUpAlone) {
  expect(0, 1);
  size_t told = 0;
  size_t never = 0;
  outcomes_.expect(PartitionId(0), {1}, &told, [&told](const Result<Outcome>& outcome) { told += outcome ? 1 : 0; });
  outcomes_.expect(PartitionId(0), {1}, &never, [&never](const Result<Outcome>&) { ++never; });
  outcomes_.drop({1}, &never);
  deliver(1);
  deliver(1);
  EXPECT_THAT(applied_, ElementsAre(1));
  EXPECT_EQ(told, 1U);
  EXPECT_EQ(never, 0U);
  EXPECT_FALSE(outcomes_.any_expected());
}

TEST_F(OutcomesTest, NobodyWaitsOnAPartitionThatStandsStill) {
  expect(0, 1);
  expect(1, 2);
  outcomes_.halt(PartitionId(1), why_);
  EXPECT_THAT(failed_, ElementsAre(2));
  expect(1, 3);
  expect(0, 4);
  EXPECT_THAT(failed_, ElementsAre(2, 3));
  deliver(1);
  deliver(4);
  EXPECT_THAT(applied_, ElementsAre(1, 4));
  outcomes_.resume(PartitionId(1));
  expect(1, 5);
  deliver(5);
  EXPECT_THAT(applied_, ElementsAre(1, 4, 5));
  EXPECT_THAT(failed_, ElementsAre(2, 3));
}

}  // namespace
}  // namespace mnemo
