#include <gtest/gtest.h>

#include <random>

#include "tests/projector/partition.h"

namespace mnemo::projector_test {
namespace {

using Kind = Outcome::Kind;

v1::Envelope expiring(v1::Envelope envelope, TimestampMs at_ms) {
  envelope.mutable_remembered()->set_expires_at_ms(at_ms);
  return envelope;
}

TEST(Expiry, TheDefaultPolicyDeletesNothingInAYear) {
  Partition partition;
  for (int i = 0; i < 10000; ++i) partition.append(remember("m" + std::to_string(i), "x"));
  ASSERT_TRUE(partition.apply_appended());
  const Digest state = partition.meta().state;
  for (int day = 1; day <= 365; ++day) {
    partition.now_ms = kStartMs + day * kDayMs;
    partition.tick(partition.now_ms);
  }
  EXPECT_EQ(partition.live(), 10000u);
  EXPECT_EQ(partition.meta().state, state);
  EXPECT_EQ(partition.meta().event_time_ms, kStartMs + 365 * kDayMs);
}

TEST(Expiry, AMemoryGoesWhenEventTimeReachesItsExpiry) {
  Partition partition;
  partition.add(expiring(remember("a", "x"), kStartMs + 10));
  partition.now_ms = kStartMs + 100;
  partition.tick(kStartMs + 9);
  EXPECT_EQ(partition.memory("a")->state, MemoryRow::State::kLive);
  partition.tick(kStartMs + 10);
  EXPECT_EQ(partition.memory("a")->state, MemoryRow::State::kExpired);
  EXPECT_EQ(partition.meta().counters.expired, 1u);
  partition.settle();
  EXPECT_TRUE(partition.memory("a")->stub);
  EXPECT_EQ(partition.rows(keys::Row::kExpiry), 0u);
}

TEST(Expiry, ATickCannotRunAheadOfTheLog) {
  Partition partition;
  partition.add(expiring(remember("a", "x"), kStartMs + 10));
  partition.tick(kStartMs + kDayMs);
  EXPECT_EQ(partition.meta().event_time_ms, kStartMs);
  EXPECT_EQ(partition.memory("a")->state, MemoryRow::State::kLive);
}

TEST(Expiry, ThePolicyInForceWhenItWasRememberedDecides) {
  Partition partition;
  partition.add(remember("before", "x"));
  partition.add(policy("acme", 1, 1000));
  partition.add(remember("under", "x"));
  v1::Envelope own = expiring(remember("own", "x"), kStartMs + kDayMs);
  partition.add(own);
  v1::Envelope other = remember("a", "x");
  other.set_namespace_("other");
  partition.add(other);
  partition.add(policy("acme", 2, 0));
  partition.add(remember("after", "x"));
  EXPECT_EQ(partition.rows(keys::Row::kExpiry), 2u);
  EXPECT_EQ(partition.memory("under")->record.expires_at_ms, kStartMs + 1000);
  EXPECT_FALSE(partition.memory("under")->record.expires_at_given);
  partition.now_ms += 1000;
  partition.tick(partition.now_ms);
  EXPECT_EQ(partition.memory("under")->state, MemoryRow::State::kExpired);
  EXPECT_EQ(partition.memory("own")->state, MemoryRow::State::kLive);
  EXPECT_EQ(partition.memory("before")->state, MemoryRow::State::kLive);
  EXPECT_EQ(partition.memory("after")->state, MemoryRow::State::kLive);
}

TEST(Expiry, TtlRunsFromRecordedAt) {
  Partition partition;
  partition.add(policy("acme", 1, 1000));
  v1::Envelope old = remember("a", "x");
  old.set_recorded_at_ms(kStartMs - 5000);
  partition.add(old);
  EXPECT_EQ(partition.memory("a")->record.expires_at_ms, kStartMs - 4000);
}

TEST(Expiry, WhatHasExpiredIsHiddenFromEventsBeforeItIsRemoved) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(1); });
  for (int i = 0; i < 4; ++i) partition.add(expiring(remember("m" + std::to_string(i), "x"), kStartMs + 10));
  partition.now_ms = kStartMs + 10;
  EXPECT_EQ(partition.add(update("m3", "y")).code, Code::kNotFound) << "this very event brings the time";
  ASSERT_EQ(partition.memory("m3")->state, MemoryRow::State::kLive);
  EXPECT_FALSE(partition.meta().settled());
  EXPECT_TRUE(partition.meta().expiry_due);
  partition.settle();
  EXPECT_EQ(partition.meta().counters.expired, 4u);
}

// A duplicate brings no time along: what it finds expired for itself is back for the next event.
TEST(Expiry, AnEventThatIsNotAcceptedLeavesNoTrace) {
  Partition partition;
  partition.add(keyed(remember("k", "x"), "k"));
  partition.add(expiring(remember("a", "x"), kStartMs + 10));
  partition.now_ms = kStartMs + 20;
  const Outcome duplicate = partition.add(expiring(remember("a", "x"), kStartMs + 10));
  EXPECT_EQ(duplicate.kind, Kind::kDuplicate);
  EXPECT_TRUE(duplicate.forgotten);
  EXPECT_EQ(partition.meta().event_time_ms, kStartMs);
  v1::Envelope change = update("a", "y");
  change.set_recorded_at_ms(kStartMs + 5);
  EXPECT_EQ(partition.add(change).kind, Kind::kApplied);
}

TEST(Expiry, AMemoryThatComesExpiredGoesAtOnce) {
  Partition partition;
  EXPECT_EQ(partition.add(expiring(remember("a", "x"), 5)).kind, Kind::kApplied);
  EXPECT_EQ(partition.memory("a")->state, MemoryRow::State::kExpired);
}

// The order of equal times is that of agents and documents, whether it comes from memory or from the rows.
TEST(Expiry, TheOrderOfEqualTimesDoesNotDependOnARestart) {
  const auto run = [](bool crash) {
    auto partition = std::make_unique<Partition>();
    partition->activate([](v1::RulesActivated& rules) {
      rules.set_work_units_per_event(1);
      rules.set_digest_interval(1);
    });
    for (const char* agent : {"first", "second"}) partition->add(of_agent(remember("a", "x"), agent));
    partition->add(of_agent(expiring(remember("b", "x"), kStartMs + 10), "second"));
    partition->add(of_agent(expiring(remember("b", "x"), kStartMs + 10), "first"));
    EXPECT_TRUE(partition->projection().flush(true));
    if (crash) partition->crash();
    partition->now_ms = kStartMs + 10;
    for (int i = 0; i < 6; ++i) partition->add(of_agent(remember("c" + std::to_string(i), "x"), "third"));
    return partition->projection().points();
  };
  EXPECT_EQ(run(false), run(true));
}

// Whatever comes and goes between: the first expiry is the first of the rows.
TEST(Expiry, TheFirstIsFoundHoweverExpiriesComeAndGo) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) {
    rules.set_work_units_per_event(2);
    rules.set_digest_interval(1);
  });
  std::mt19937_64 random(11);
  for (int i = 0; i < 400; ++i) {
    partition.now_ms += static_cast<int64_t>(random() % 8);
    const std::string id = "m" + std::to_string(i / 3 + static_cast<int>(random() % 20));
    const TimestampMs at_ms = partition.now_ms + static_cast<int64_t>(random() % 100) - 10;
    v1::Envelope event = update(id, "y");
    event.mutable_updated()->set_expires_at_ms(random() % 4 == 0 ? 0 : at_ms);
    if (random() % 2 == 0) event = expiring(remember(id, "x"), at_ms);
    if (random() % 6 == 0) event = forget(id);
    partition.append(event);
    if (random() % 2 == 0) {
      ASSERT_TRUE(partition.apply_appended());
    }
  }
  ASSERT_TRUE(partition.apply_appended());
  EXPECT_GT(partition.meta().counters.expired, 20u);
  const auto again = partition.rebuilt(1);
  EXPECT_EQ(again->projection().points(), partition.projection().points());
  partition.now_ms += kDayMs;
  partition.tick(partition.now_ms);
  partition.settle();
  EXPECT_EQ(partition.rows(keys::Row::kExpiry), 0u);
}

TEST(Expiry, ARowThatNamesNoLiveMemoryHaltsThePartition) {
  Partition damaged;
  damaged.add(expiring(remember("a", "x"), kStartMs + 10));
  damaged.add(forget("a"));
  damaged.damage(keys::of_expiry(kStartMs + 10, AgentOrd(0), 0), "");
  ASSERT_TRUE(damaged.projection().flush(true));
  damaged.crash();
  damaged.now_ms = kStartMs + 20;
  const Status status = damaged.try_add(remember("b", "x"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kDataLoss);
  EXPECT_NE(status.error().message.find("document 0"), std::string::npos) << status.error().message;
}

TEST(Expiry, ARowWithAShortKeyHaltsThePartition) {
  Partition partition;
  partition.damage("E" + std::string(3, '\0'), "");
  ASSERT_TRUE(partition.projection().flush(true));
  partition.crash();
  const Status status = partition.try_add(remember("a", "x"));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kDataLoss);
  EXPECT_NE(status.error().message.find("45000000"), std::string::npos) << status.error().message;
}

}  // namespace
}  // namespace mnemo::projector_test
