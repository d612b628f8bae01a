#include "manager/strategy.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/manager/queued.h"

namespace mnemo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using manager_test::arrivals;
using manager_test::pop_all;
using manager_test::task_of;

class StrategyTest : public ::testing::TestWithParam<StrategyKind> {
 protected:
  std::unique_ptr<Strategy> strategy_ = make_strategy(GetParam());
  manager_test::Waiting waiting_;
};

TEST_P(StrategyTest, IsFoundByItsName) {
  EXPECT_EQ(strategy_->kind(), GetParam());
  EXPECT_EQ(parse_strategy(strategy_name(GetParam())), GetParam());
}

TEST_P(StrategyTest, OneAgentsTasksComeByArrival) {
  for (int i = 0; i < 5; ++i) strategy_->push(waiting_.add(task_of("nina")));
  EXPECT_EQ(strategy_->depth(), 5);
  EXPECT_THAT(pop_all(*strategy_), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(strategy_->depth(), 0);
  EXPECT_EQ(strategy_->pop(), nullptr);
}

TEST_P(StrategyTest, WhatIsRemovedDoesNotCome) {
  std::vector<Queued*> tasks;
  for (const char* agent : {"nina", "omar", "nina", "omar", "pia"}) tasks.push_back(&waiting_.add(task_of(agent)));
  for (Queued* task : tasks) strategy_->push(*task);
  strategy_->remove(*tasks[4]);
  strategy_->remove(*tasks[0]);
  EXPECT_EQ(strategy_->depth(), 3);
  EXPECT_THAT(pop_all(*strategy_), ::testing::UnorderedElementsAre(2, 3, 4));
}

TEST_P(StrategyTest, AnAgentsTasksLeaveTogetherAndThoseOfItsNamesakeStay) {
  for (int i = 0; i < 2; ++i) {
    strategy_->push(waiting_.add(task_of("nina", "acme")));
    strategy_->push(waiting_.add(task_of("nina", "other")));
  }
  EXPECT_THAT(arrivals(strategy_->remove_agent(agent_key("acme", "nina"))), ElementsAre(1, 3));
  EXPECT_THAT(strategy_->remove_agent(agent_key("acme", "nina")), IsEmpty());
  EXPECT_EQ(strategy_->depth(), 2);
  EXPECT_THAT(pop_all(*strategy_), ElementsAre(2, 4));
}

TEST_P(StrategyTest, AnOperationsTasksLeaveTogetherByArrival) {
  for (const char* agent : {"nina", "omar", "nina", "pia", "omar"}) {
    Task task = task_of(agent);
    task.operation = OperationId{static_cast<uint8_t>(agent == std::string("pia") ? 2 : 1)};
    strategy_->push(waiting_.add(std::move(task)));
  }
  EXPECT_THAT(arrivals(strategy_->remove_operation(OperationId{1})), ElementsAre(1, 2, 3, 5));
  EXPECT_THAT(pop_all(*strategy_), ElementsAre(4));
}

TEST_P(StrategyTest, EverythingLeavesByArrival) {
  for (const char* agent : {"nina", "nina", "omar", "nina", "pia"}) strategy_->push(waiting_.add(task_of(agent)));
  EXPECT_EQ(strategy_->pop()->arrival, 1);
  EXPECT_THAT(arrivals(strategy_->remove_all()), ElementsAre(2, 3, 4, 5));
  EXPECT_EQ(strategy_->depth(), 0);
  strategy_->push(waiting_.add(task_of("nina")));
  EXPECT_THAT(pop_all(*strategy_), ElementsAre(6));
}

TEST_P(StrategyTest, NothingIsLostOrGivenTwiceUnderRandomUse) {
  const uint64_t seed = 11;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::vector<Queued*> inside;
  for (int step = 0; step < 5'000; ++step) {
    if (random() % 5 < 3 || inside.empty()) {
      inside.push_back(&waiting_.add(task_of("agent " + std::to_string(random() % 7))));
      strategy_->push(*inside.back());
    } else {
      Queued* gone = inside[random() % inside.size()];
      if (random() % 2 == 0) {
        strategy_->remove(*gone);
      } else {
        gone = strategy_->pop();
      }
      ASSERT_EQ(std::erase(inside, gone), 1);
    }
    ASSERT_EQ(strategy_->depth(), inside.size());
  }
  EXPECT_EQ(arrivals(strategy_->remove_all()), arrivals(inside));
}

INSTANTIATE_TEST_SUITE_P(Every, StrategyTest, ::testing::Values(StrategyKind::kFifo, StrategyKind::kRoundRobin),
                         [](const auto& named) { return std::string(strategy_name(named.param)); });

TEST(Fifo, ComesByArrivalWhoeverAsksAndWhateverFor) {
  manager_test::Waiting waiting;
  const auto fifo = make_strategy(StrategyKind::kFifo);
  for (int i = 0; i < 9; ++i) {
    Task task = task_of(i % 3 == 0 ? "nina" : "omar");
    task.task_class = static_cast<TaskClass>(2 - i % 3);
    task.weight = static_cast<uint32_t>(i);
    fifo->push(waiting.add(std::move(task)));
  }
  EXPECT_THAT(pop_all(*fifo), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST(RoundRobin, AgentsTakeTurns) {
  manager_test::Waiting waiting;
  const auto turns = make_strategy(StrategyKind::kRoundRobin);
  for (const char* agent : {"nina", "nina", "nina", "omar", "omar", "pia"}) turns->push(waiting.add(task_of(agent)));
  EXPECT_THAT(pop_all(*turns), ElementsAre(1, 4, 6, 2, 5, 3));
}

TEST(RoundRobin, TenThousandTasksOfOneAgentDelayAnotherByOneTurn) {
  manager_test::Waiting waiting;
  const auto turns = make_strategy(StrategyKind::kRoundRobin);
  for (int i = 0; i < 10'000; ++i) turns->push(waiting.add(task_of("noisy")));
  for (int request = 0; request < 100; ++request) {
    Queued& quiet = waiting.add(task_of("quiet"));
    turns->push(quiet);
    EXPECT_EQ(turns->pop()->task.agent_id, "noisy");
    EXPECT_EQ(turns->pop(), &quiet);
  }
}

TEST(RoundRobin, WhoComesWaitsForOneTaskOfEachOtherAgent) {
  manager_test::Waiting waiting;
  const auto turns = make_strategy(StrategyKind::kRoundRobin);
  for (int agent = 0; agent < 50; ++agent) {
    for (int i = 0; i < 20; ++i) turns->push(waiting.add(task_of(std::to_string(agent))));
  }
  for (int i = 0; i < 7; ++i) turns->pop();
  Queued& late = waiting.add(task_of("late"));
  turns->push(late);
  std::map<std::string, int> before;
  for (const Queued* next = turns->pop(); next != &late; next = turns->pop()) ++before[next->task.agent_id];
  EXPECT_EQ(before.size(), 50);
  for (const auto& [agent, times] : before) EXPECT_EQ(times, 1) << agent;
}

TEST(RoundRobin, AskingAgainAtOnceIsNoWayToTheFront) {
  manager_test::Waiting waiting;
  const auto turns = make_strategy(StrategyKind::kRoundRobin);
  for (const char* agent : {"eager", "nina", "omar"}) turns->push(waiting.add(task_of(agent)));
  EXPECT_EQ(turns->pop()->task.agent_id, "eager");
  turns->push(waiting.add(task_of("eager")));
  EXPECT_THAT(pop_all(*turns), ElementsAre(2, 3, 4));
}

TEST(Strategy, AnUnknownNameIsRefusedWithThoseThereAre) {
  const auto unknown = parse_strategy("lottery");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, Code::kInvalidArgument);
  EXPECT_THAT(unknown.error().message, HasSubstr("round_robin"));
}

TEST(Strategy, NamesThatRunTogetherAreDifferentAgents) {
  EXPECT_NE(agent_key("a", "bc"), agent_key("ab", "c"));
  EXPECT_NE(agent_key("1:a", "b"), agent_key("1", "1:ab"));
  EXPECT_NE(agent_key("", "1:a"), agent_key("1:a", ""));
}

}  // namespace
}  // namespace mnemo
