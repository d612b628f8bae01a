#include "consumers/applied_waiters.h"

#include <gmock/gmock.h>

#include "consumers/project.h"
#include "tests/consumers/fixture.h"

namespace mnemo::consumers_test {
namespace {

class AppliedWaitersTest : public ConsumersTest {
 protected:
  AppliedWaitersTest() : resources_(32 << 20) {
    ProjectionOptions options;
    options.store.dir = dir_;
    options.store.resources = &resources_;
    options.log = log_.identity();
    projection_ = Projection::open(options).value();
    waiters_ = std::make_unique<AppliedWaiters>(*projection_);
    ProjectOptions role_options;
    role_options.waiters = waiters_.get();
    role_ = std::make_unique<ProjectRole>(*projection_, role_options);
    follower_ = Follower::open(log_, PartitionId(0), 0, *role_, {}).value();
  }
  void follow() { ASSERT_TRUE(follower_->run_to(log_.end(PartitionId(0)).value())); }
  // Waits until what lies before `offset` has been applied.
  uint64_t wait(uint64_t offset) {
    return waiters_->wait([offset](const Meta& meta) { return meta.next_offset >= offset; },
                          [this](const Status& status) { told_.push_back(status); });
  }

  StoreResources resources_;
  std::unique_ptr<Projection> projection_;
  std::unique_ptr<AppliedWaiters> waiters_;
  std::unique_ptr<ProjectRole> role_;
  std::unique_ptr<Follower> follower_;
  std::vector<Status> told_;
};

TEST_F(AppliedWaitersTest, AreToldWhenItIsPublishedAndNotBefore) {
  follow();
  const uint64_t end = log_.end(PartitionId(0)).value();
  wait(end + 1);
  wait(end + 2);
  EXPECT_EQ(told_.size(), 0U);
  append(remember("a"));
  follow();
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_TRUE(told_[0]);
  append(remember("b"));
  follow();
  EXPECT_EQ(told_.size(), 2U);
}

TEST_F(AppliedWaitersTest, WhatIsReachedAlreadyIsToldAtOnce) {
  follow();
  wait(1);
  EXPECT_EQ(told_.size(), 1U);
}

TEST_F(AppliedWaitersTest, AreToldOnceWhatHaltedTheirPartition) {
  follow();
  const uint64_t id = wait(1000);
  projection_->set_halted(Error{Code::kFailedPrecondition, "upgrade"});
  waiters_->published();
  waiters_->published();
  ASSERT_EQ(told_.size(), 1U);
  EXPECT_EQ(told_[0].error().message, "upgrade");
  EXPECT_FALSE(waiters_->cancel(id));
  wait(1);
  EXPECT_TRUE(told_.back());
}

TEST_F(AppliedWaitersTest, NobodyIsToldOfAWaitThatWasCancelled) {
  const uint64_t id = wait(1);
  EXPECT_TRUE(waiters_->cancel(id));
  EXPECT_FALSE(waiters_->cancel(id));
  follow();
  EXPECT_EQ(told_.size(), 0U);
}

}  // namespace
}  // namespace mnemo::consumers_test
