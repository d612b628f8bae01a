#include "consumers/project.h"

#include <gmock/gmock.h>

#include "tests/consumers/fixture.h"

namespace mnemo::consumers_test {
namespace {

using ::testing::ElementsAre;

class ProjectRoleTest : public ConsumersTest {
 protected:
  ProjectRoleTest() : resources_(32 << 20) {
    std::filesystem::create_directories(dir_);
    ProjectionOptions options;
    options.store.dir = dir_;
    options.store.resources = &resources_;
    options.log = log_.identity();
    projection_ = Projection::open(options).value();
  }

  // A role that notes what it announces, and a follower at the projection's position.
  Status run_to_end(PollLimits limits) {
    ProjectOptions options;
    const uint64_t end = log_.end(PartitionId(0)).value();
    options.skips = find_skips(log_, PartitionId(0), 0, end).value();
    options.outcomes = &outcomes_;
    options.announce = [this](PartitionId /*partition*/, uint64_t /*number*/, const OutboxBatch& batch) {
      for (const DeadLetter& letter : batch.dead_letters) dead_letters_.push_back(letter.offset);
      for (const Invalidation& i : batch.invalidations) invalidated_.push_back(i.agent_id);
      return Status();
    };
    ProjectRole role(*projection_, options);
    const auto follower = Follower::open(log_, PartitionId(0), projection_->applied().next_offset, role, limits);
    return (*follower)->run_to(end);
  }

  StoreResources resources_;
  std::unique_ptr<Projection> projection_;
  Outcomes outcomes_;
  std::vector<uint64_t> dead_letters_;
  std::vector<std::string> invalidated_;
};

TEST_F(ProjectRoleTest, WhatWasCommittedBeforeAHaltingRecordIsAnnounced) {
  const auto garbage = append_and_wait(log_, {{PartitionId(0), "acme\x1fnina", "no envelope"}}).value();
  append(remember("a"));
  v1::Envelope newer = remember("b");
  newer.set_schema_version(kSchemaVersion + 1);
  append(newer);
  const Status ran = run_to_end({});
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(dead_letters_, ElementsAre(garbage.front().position.offset));
  EXPECT_THAT(invalidated_, ElementsAre("nina"));
}

TEST_F(ProjectRoleTest, AnnouncesEachBatchOnceAndEmptiesTheOutbox) {
  append(remember("a"));
  append(remember("b", "otto"));
  ASSERT_TRUE(run_to_end({.records = 1}));
  EXPECT_THAT(invalidated_, ElementsAre("nina", "otto"));
  append(remember("c"));
  ASSERT_TRUE(run_to_end({}));
  EXPECT_THAT(invalidated_, ElementsAre("nina", "otto", "nina"));
}

TEST_F(ProjectRoleTest, ARecordThatAnOperatorSkippedIsPassedOver) {
  v1::Envelope newer = remember("b");
  newer.set_schema_version(kSchemaVersion + 1);
  const Position at = append(newer);
  append(remember("c"));
  ASSERT_FALSE(run_to_end({}));
  EXPECT_EQ(projection_->applied().next_offset, at.offset);
  skip(at);
  ASSERT_TRUE(run_to_end({}));
  EXPECT_EQ(projection_->applied().counters.memories, 1U);
  EXPECT_EQ(projection_->applied().counters.skipped[static_cast<size_t>(SkipReason::kOperator)], 1U);
}

// A role over a budget of its own.
struct Flushed {
  Flushed(Projection& projection, Log& log) : role(projection, options(log)) {}
  ProjectOptions options(Log& log) {
    ProjectOptions made;
    made.flush_budget = &budget;
    made.log = &log;
    return made;
  }
  FlushBudget budget;
  ProjectRole role;
};

TEST_F(ProjectRoleTest, FlushesUnderLoadWhenTheBudgetIsUsedUp) {
  Flushed under(*projection_, log_);
  const auto follower = Follower::open(log_, PartitionId(0), 0, under.role, {}).value();
  ASSERT_TRUE(follower->run_to(log_.end(PartitionId(0)).value()));
  EXPECT_EQ(projection_->durable()->next_offset, 0U);
  under.budget.add(FlushBudget::kEventsMax);  // of other partitions
  append(remember("a"));
  const uint64_t end = log_.end(PartitionId(0)).value();
  ASSERT_TRUE(follower->step(std::chrono::steady_clock::now() + std::chrono::seconds(10)));
  EXPECT_EQ(under.budget.events(), FlushBudget::kEventsMax) << "its own share is given back, without an idle turn";
  ASSERT_TRUE(projection_->flush(true));
  EXPECT_EQ(projection_->durable()->next_offset, end);
}

TEST_F(ProjectRoleTest, WhatARoleDidNotFlushIsGivenBackAndCountedByTheNext) {
  FlushBudget budget;
  ProjectOptions options;
  options.flush_budget = &budget;
  {
    ProjectRole role(*projection_, options);
    ASSERT_TRUE((*Follower::open(log_, PartitionId(0), 0, role, {}))->run_to(2));
    EXPECT_EQ(budget.events(), 2U);
  }
  EXPECT_EQ(budget.events(), 0U);
  const ProjectRole next(*projection_, options);
  EXPECT_EQ(budget.events(), 2U);
}

TEST_F(ProjectRoleTest, WhatCannotBeSentNowIsSentLater) {
  append(remember("a"));
  bool ready = false;
  std::vector<uint64_t> sent;
  ProjectOptions options;
  options.announce = [&](PartitionId /*partition*/, uint64_t number, const OutboxBatch& /*batch*/) -> Status {
    if (!ready) return fail(Code::kResourceExhausted, "the queue is full");
    sent.push_back(number);
    return {};
  };
  ProjectRole role(*projection_, options);
  const auto follower = Follower::open(log_, PartitionId(0), 0, role, {.records = 1}).value();
  ASSERT_TRUE(follower->run_to(3));
  append(remember("b"));
  ASSERT_TRUE(follower->run_to(4));
  EXPECT_TRUE(sent.empty());
  ready = true;
  ASSERT_TRUE(role.idle());
  EXPECT_THAT(sent, ElementsAre(0, 1));
  EXPECT_EQ(projection_->outbox_first(), 2U) << "a role to come begins there";
}

TEST_F(ProjectRoleTest, LooksAheadForTheDecisionsThatApplyTakes) {
  const Position first = append(remember("a"));
  skip({first.partition, first.epoch, 0});
  skip({first.partition, first.epoch + 1, first.offset});
  skip({first.partition, first.epoch, 100});
  EXPECT_TRUE(find_skips(log_, PartitionId(0), 0, log_.end(PartitionId(0)).value())->empty());
  skip(first);
  EXPECT_THAT(find_skips(log_, PartitionId(0), 0, log_.end(PartitionId(0)).value()).value(), ElementsAre(first.offset));
}

TEST_F(ProjectRoleTest, TellsAnOutcomeToWhoeverExpectsIt) {
  const v1::Envelope envelope = remember("a");
  std::vector<Outcome::Kind> told;
  outcomes_.expect(PartitionId(0), bytes16(envelope.event_id()).value(), this,
                   [&told](const Result<Outcome>& outcome) { told.push_back(outcome->kind); });
  append(envelope);
  append(remember("b"));
  ASSERT_TRUE(run_to_end({}));
  EXPECT_THAT(told, ElementsAre(Outcome::Kind::kApplied));
  EXPECT_FALSE(outcomes_.any_expected());
}

}  // namespace
}  // namespace mnemo::consumers_test
