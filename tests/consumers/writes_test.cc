#include "consumers/writes.h"

#include <gmock/gmock.h>

namespace mnemo {
namespace {

using ::testing::HasSubstr;

class WritesTest : public ::testing::Test {
 protected:
  WritesTest()
      : writes_({Bytes16{1}, Bytes16{2}},
                [this](size_t number, Result<Written> written) { told_.emplace_back(number, std::move(written)); }) {}
  static std::vector<Appended> places() {
    return {{Position{PartitionId(0), 1, 5}, 0}, {Position{PartitionId(1), 1, 7}, 0}};
  }

  std::vector<std::pair<size_t, Result<Written>>> told_;
  Writes writes_;
};

TEST_F(WritesTest, TakeTheHalvesInEitherOrder) {
  writes_.decided(1, Outcome{});
  EXPECT_EQ(writes_.position(1), std::nullopt);
  EXPECT_TRUE(told_.empty());
  writes_.appended(places());
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].first, 1U);
  EXPECT_EQ(told_[0].second->position.offset, 7U);
  writes_.decided(0, Outcome{});
  ASSERT_EQ(told_.size(), 2U);
  EXPECT_EQ(told_[1].second->position.offset, 5U);
}

TEST_F(WritesTest, OnAPartitionThatHaltsTellWhereTheyStandAndWhy) {
  writes_.decided(0, fail(Code::kFailedPrecondition, "upgrade"));
  writes_.appended(places());
  ASSERT_EQ(told_.size(), 1U);
  const Error error = told_[0].second.error();
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_TRUE(error.retryable);
  EXPECT_THAT(error.message, HasSubstr("durable at 0-1-5"));
  EXPECT_THAT(error.message, HasSubstr("upgrade"));
}

TEST_F(WritesTest, WhoseAppendFailedTellItOnceWhateverIsDecidedAfterwards) {
  writes_.decided(0, Outcome{});
  writes_.appended(fail(Code::kUnavailable, "the disk"));
  writes_.decided(1, Outcome{});
  ASSERT_EQ(told_.size(), 2U);
  EXPECT_FALSE(told_[0].second);
  EXPECT_FALSE(told_[1].second);
}

}  // namespace
}  // namespace mnemo
