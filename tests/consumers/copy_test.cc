#include "consumers/copy.h"

#include <gmock/gmock.h>

#include "tests/consumers/copy_testing.h"
#include "tests/consumers/passing_log.h"

namespace mnemo::consumers_test {
namespace {

using ::testing::HasSubstr;

struct Counts {
  uint32_t from;
  uint32_t to;
};

class CopyBetweenTest : public CopyTest, public ::testing::WithParamInterface<Counts> {
 protected:
  CopyBetweenTest() : CopyTest(GetParam().from) {}

  void expect_alike(Log& copy_of_it) {
    const Sums source = settled(log_);
    const Sums target = settled(copy_of_it);
    EXPECT_EQ(target.content, source.content);
    EXPECT_EQ(target.memories, source.memories);
    EXPECT_EQ(target.rejected, source.rejected);
    EXPECT_EQ(target.skipped, 0U);
    if (GetParam().from != GetParam().to) return;
    EXPECT_EQ(target.states, source.states);
  }
  // Of the operation whose id is this byte.
  v1::Envelope start_operation(char id) {
    v1::Envelope envelope = tick(0, 0);
    envelope.mutable_operation_started()->set_operation_id(std::string(16, id));
    envelope.mutable_operation_started()->set_kind("import");
    set_control_partition(envelope, operation_home(std::string(16, id), log_.identity().partitions));
    return envelope;
  }
  v1::Envelope step_operation(char id, uint32_t step) {
    v1::Envelope envelope = tick(0, 0);
    envelope.mutable_operation_step_done()->set_operation_id(std::string(16, id));
    envelope.mutable_operation_step_done()->set_step(step);
    set_control_partition(envelope, operation_home(std::string(16, id), log_.identity().partitions));
    return envelope;
  }
  // No event is written with a time that the copy has passed already.
  void run_on() { clock_.advance_ms(kHourMs); }
};

INSTANTIATE_TEST_SUITE_P(Partitions, CopyBetweenTest,
                         ::testing::Values(Counts{8, 4}, Counts{1, 8}, Counts{4, 4}, Counts{3, 5}),
                         [](const auto& counts) { return fmt::format("{}to{}", counts.param.from, counts.param.to); });

TEST_P(CopyBetweenTest, ASourceThatHasGrownIsCopiedOnToTheSameContent) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  const auto target = make_target(GetParam().to);
  for (int round = 0; round < 4; ++round) {
    // Now here, now there: what is new belongs before, between and behind what is there.
    grow(150, random, round % 2 == 0 ? 20 : 3);
    const auto copied = copy(log_, *target);
    ASSERT_TRUE(copied) << copied.error().message;
    EXPECT_GT(copied->records, 0U);
    expect_alike(*target);
    const auto again = copy(log_, *target);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->records, 0U);
    run_on();
  }
}

TEST_P(CopyBetweenTest, OperationsAreCopiedToTheHomesThatTheyHaveThere) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  const auto target = make_target(GetParam().to);
  const std::string ids = "abcdefgh";
  for (uint32_t round = 0; round < 3; ++round) {
    for (const char id : ids) {
      append(round == 0 ? start_operation(id) : step_operation(id, round));
      append(round == 0 ? start_operation(id) : step_operation(id, round));  // acts once
    }
    grow(30, random);
    const auto copied = copy(log_, *target);
    ASSERT_TRUE(copied) << copied.error().message;
    expect_alike(*target);
    EXPECT_EQ(copy(log_, *target)->records, 0U);
    EXPECT_EQ(operations_of(*target), operations_of(log_));
    EXPECT_EQ(operations_of(*target).size(), ids.size());
    run_on();
  }
}

TEST_P(CopyBetweenTest, ATargetThatWasTickedIsCopiedOn) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  const auto target = make_target(GetParam().to);
  for (int round = 0; round < 3; ++round) {
    grow(100, random);
    const auto copied = copy(log_, *target);
    ASSERT_TRUE(copied) << copied.error().message;
    for (uint32_t p = 0; p < GetParam().to; ++p) {
      for (int i = 0; i < 5; ++i) append_to(*target, tick(p, clock_.now_ms()));
    }
    expect_alike(*target);
    const auto again = copy(log_, *target);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->records, 0U);
    run_on();
  }
}

TEST_P(CopyBetweenTest, ACopyThatWasCutOffGoesOnWhereItWas) {
  const uint32_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  const auto target = make_target(GetParam().to);
  for (int round = 0; round < 6; ++round) {
    grow(50, random);
    CutLog cut(*target, random() % 100);
    const auto copied = copy(log_, cut);
    const bool cut_off = !copied && copied.error().code == Code::kUnavailable;
    ASSERT_TRUE(copied || cut_off) << copied.error().message;
    run_on();
  }
  const auto copied = copy(log_, *target);
  ASSERT_TRUE(copied) << copied.error().message;
  expect_alike(*target);
}

TEST_P(CopyBetweenTest, RecordsAreAppendedByBytesToo) {
  const std::string content = '"' + std::string(200 << 10, 'x') + '"';
  for (int i = 0; i < 70; ++i) {
    v1::Envelope event = remember(fmt::format("large-{}", i), fmt::format("agent-{}", i % 5));
    event.mutable_remembered()->mutable_content()->set_plain(content);
    append(event);
  }
  const auto target = make_target(GetParam().to);
  const auto copied = copy(log_, *target);
  ASSERT_TRUE(copied) << copied.error().message;
  expect_alike(*target);
}

TEST_P(CopyBetweenTest, ATargetWithRecordsOfAnotherIsLeftAlone) {
  std::mt19937 random(5);
  grow(100, random);
  v1::Envelope skip = tick(0, 0);
  skip.mutable_skip_recorded()->set_partition(0);
  skip.mutable_skip_recorded()->set_epoch(1);
  skip.mutable_skip_recorded()->set_reason("of the copy's own");
  for (const v1::Envelope& foreign : {remember("of the copy's own", "agent-1"), policy(0, 7, kHourMs), skip}) {
    const auto target = make_target(GetParam().to);
    ASSERT_TRUE(copy(log_, *target));
    append_to(*target, foreign);
    const auto before = ends(*target);
    for (int i = 0; i < 2; ++i) {
      const auto copied = copy(log_, *target);
      ASSERT_FALSE(copied) << foreign.ShortDebugString();
      EXPECT_EQ(copied.error().code, Code::kFailedPrecondition);
      EXPECT_THAT(copied.error().message, HasSubstr("copy into an empty directory"));
      EXPECT_EQ(ends(*target), before);
      grow(20, random);  // what is new is no reason to take the foreign record for it
    }
  }
}

TEST_P(CopyBetweenTest, ATargetOfAnotherSourceIsLeftAlone) {
  const auto target = make_target(GetParam().to);
  append(remember("a"));
  ASSERT_TRUE(copy(log_, *target));
  MemoryLog other({.partitions = GetParam().from, .log_id = {8}, .clock = &clock_});
  ASSERT_TRUE(append_and_wait(other, genesis_records(other.identity(), key_.check_value(), clock_, ids_)));
  append_to(other, remember("a"));
  append_to(other, remember("b"));
  const auto before = ends(*target);
  const auto copied = copy(other, *target);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code, Code::kFailedPrecondition);
  EXPECT_EQ(ends(*target), before);
}

TEST_P(CopyBetweenTest, PoliciesGoAlong) {
  for (uint32_t p = 0; p < GetParam().from; ++p) append(policy(p, 1, kHourMs));
  for (int i = 0; i < 20; ++i) append(remember(fmt::format("a-{}", i), fmt::format("agent-{}", i)));
  for (uint32_t p = 0; p < GetParam().from; ++p) append(policy(p, 2, 100 * kHourMs));
  clock_.advance_ms(1);
  for (int i = 0; i < 20; ++i) append(remember(fmt::format("b-{}", i), fmt::format("agent-{}", i)));
  const auto target = make_target(GetParam().to);
  ASSERT_TRUE(copy(log_, *target));
  expect_alike(*target);
  EXPECT_EQ(settled(*target).memories, 20U);
  EXPECT_EQ(copy(log_, *target)->records, 0U);
}

TEST_P(CopyBetweenTest, AClockBehindTheSourcesIsRefused) {
  append(remember("a"));
  clock_.advance_ms(-kHourMs);
  const auto target = make_target(GetParam().to);
  const auto copied = copy(log_, *target);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(copied.error().message, HasSubstr("clock"));
}

class CopyTimeTest : public CopyTest {
 protected:
  // Agents that share no partition of eight.
  std::string agent_in(uint32_t partition) {
    for (int i = 0;; ++i) {
      std::string agent = fmt::format("agent-{}", i);
      if (partition_of(message_key("acme", agent), 8).value == partition) return agent;
    }
  }
  v1::Envelope expiring(const std::string& id, uint32_t partition, TimestampMs at_ms) {
    v1::Envelope event = remember("key of " + id, agent_in(partition));
    event.mutable_remembered()->set_memory_id(id);
    event.mutable_remembered()->set_expires_at_ms(at_ms);
    return event;
  }
  v1::Envelope extending(const std::string& id, uint32_t partition, TimestampMs at_ms) {
    v1::Envelope event = update("extends " + id, agent_in(partition), id);
    event.mutable_updated()->set_expires_at_ms(at_ms);
    return event;
  }
  const TimestampMs start_ms_ = clock_.now_ms();
};

TEST_F(CopyTimeTest, ALifetimeThatWasExtendedInTimeIsExtendedOnTheCopy) {
  // Partition 0 is a day ahead of what partition 5 is read as: one after the other would be too late.
  append(expiring("m", 5, start_ms_ + 2 * kHourMs));
  clock_.advance_ms(kHourMs);
  append(extending("m", 5, start_ms_ + 10'000 * kHourMs));
  clock_.advance_ms(24 * kHourMs);
  append(remember("later", agent_in(0)));
  for (const uint32_t partitions : {1U, 2U, 3U}) {
    const auto target = make_target(partitions);
    ASSERT_TRUE(copy(log_, *target));
    EXPECT_EQ(settled(*target).content, settled(log_).content);
    EXPECT_EQ(settled(*target).memories, 2U);
  }
}

TEST_F(CopyTimeTest, ALifetimeThatWasExtendedTooLateIsNotExtendedOnTheCopy) {
  // In one partition, another agent's event has moved time past the expiry; in eight, it is elsewhere.
  const auto one = make_target(1, 3);
  v1::RulesActivated rules = default_rules(0);
  v1::Envelope activated = tick(0, 0);
  *activated.mutable_rules_activated() = rules;
  append_to(*one, activated);
  append_to(*one, expiring("m", 5, start_ms_ + kHourMs));
  clock_.advance_ms(2 * kHourMs);
  append_to(*one, remember("later", agent_in(0)));
  v1::Envelope late = extending("m", 5, start_ms_ + 10'000 * kHourMs);
  late.set_recorded_at_ms(start_ms_ + kHourMs / 2);
  append_to(*one, late);
  ASSERT_EQ(settled(*one).rejected, 1U);
  const auto target = make_target(8);
  const auto copied = copy(*one, *target);
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(settled(*target).rejected, 1U);
  EXPECT_EQ(settled(*target).content, settled(*one).content);
}

TEST_F(CopyTimeTest, ARecordThatTheCopyWouldRejectIsRefusedBeforeItIsAppended) {
  append(expiring("m", 5, start_ms_ + 2 * kHourMs));
  const auto target = make_target(8);
  ASSERT_TRUE(copy(log_, *target));
  clock_.advance_ms(3 * kHourMs);
  append_to(*target, tick(5, clock_.now_ms()));  // the copy lets it expire
  v1::Envelope late = extending("m", 5, start_ms_ + 10'000 * kHourMs);
  late.set_recorded_at_ms(start_ms_ + kHourMs);  // the source, in time, does not
  append(late);
  const auto before = ends(*target);
  const auto copied = copy(log_, *target);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(copied.error().message, HasSubstr("was applied there, and on the copy it would be rejected"));
  EXPECT_THAT(copied.error().message, HasSubstr("copy into an empty directory"));
  EXPECT_EQ(ends(*target), before);
}

}  // namespace
}  // namespace mnemo::consumers_test
