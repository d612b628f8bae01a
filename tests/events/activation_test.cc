#include "events/activation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "events/envelope.h"
#include "events/log_memory.h"

namespace mnemo {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ActivateRules : public ::testing::Test {
 protected:
  // Rules as an older build wrote them, which knew nothing of operations.
  static Rules older() {
    v1::RulesActivated rules = default_rules(0);
    for (int i = 0; i < 3; ++i) rules.mutable_active_kinds()->RemoveLast();
    rules.set_rules_version(4);
    rules.set_key_window(77);
    rules.mutable_limits()->set_tags(5);
    rules.add_active_kinds(static_cast<v1::EventKind>(50));  // of a build that is newer than this one
    return next_rules({}, rules).value();
  }
  static Rules current() { return next_rules({}, default_rules(0)).value(); }

  std::vector<v1::Envelope> on_the_log() {
    std::vector<v1::Envelope> found;
    for (uint32_t p = 0; p < 3; ++p) {
      const auto reader = log_.read(PartitionId(p), 0).value();
      while (reader->next_offset() < log_.end(PartitionId(p)).value()) {
        const auto records = reader->poll({}, {}).value();
        for (const LogRecord& record : records) {
          EXPECT_TRUE(decode(record.value, found.emplace_back()));
        }
      }
    }
    return found;
  }

  ManualClock clock_{1'700'000'000'000};
  UuidGenerator ids_{clock_, 3};
  MemoryLog log_{{.partitions = 3, .log_id = {7}, .clock = &clock_}};
};

TEST_F(ActivateRules, AppendsTheNextVersionWhereAKindIsMissingAndNothingElsewhere) {
  const std::vector<Rules> in_force = {current(), older(), current()};
  const auto activated = activate_rules(log_, in_force, clock_, ids_);
  ASSERT_TRUE(activated) << activated.error().message;
  EXPECT_THAT(*activated, ElementsAre(PartitionId(1)));
  const auto events = on_the_log();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].rules_activated().partition(), 1u);
  const auto next = next_rules(older(), events[0].rules_activated());
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->version, 5u);
  EXPECT_TRUE(next->active(v1::EVENT_KIND_OPERATION_FINISHED));
  EXPECT_TRUE(next->active(static_cast<v1::EventKind>(50)));
  EXPECT_EQ(next->key_window, 77u);
  EXPECT_EQ(next->limits.tags(), 5u);
}

TEST_F(ActivateRules, OnALogThatHasAllAppendsNothing) {
  const std::vector<Rules> in_force(3, current());
  EXPECT_THAT(activate_rules(log_, in_force, clock_, ids_).value(), IsEmpty());
  EXPECT_THAT(on_the_log(), IsEmpty());
}

TEST_F(ActivateRules, OfAPartitionWithoutRulesIsRefusedBeforeAnythingIsAppended) {
  const std::vector<Rules> in_force = {older(), Rules{}, older()};
  EXPECT_EQ(activate_rules(log_, in_force, clock_, ids_).error().code, Code::kFailedPrecondition);
  EXPECT_THAT(on_the_log(), IsEmpty());
}

}  // namespace
}  // namespace mnemo
