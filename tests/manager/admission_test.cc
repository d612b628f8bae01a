#include "manager/admission.h"

#include <gmock/gmock.h>

#include "tests/manager/queued.h"

namespace mnemo {
namespace {

using manager_test::task_of;
using ::testing::HasSubstr;

constexpr Bounds kWide{1'000'000, 1'000'000};
const MonotonicTime kNow = ManualMonotonicClock().now();

Task costing(Cost cost, const std::string& agent = "nina", const std::string& name_space = "acme") {
  Task task = task_of(agent, name_space);
  task.cost = cost;
  return task;
}

struct BoundCase {
  NotRunCause cause;
  AdmissionOptions options;  // 10 of what the cause names, and much of all else
  Task fills;                // 9 of it
  Task one;
  Task elsewhere;  // 1 of it, of a scope that has nothing yet
};

std::vector<BoundCase> bound_cases() {
  const Bounds items{10, 1'000'000};
  const Bounds bytes{1'000'000, 10};
  const Cost nine_items{9, 0};
  const Cost one_item{1, 0};
  const Cost nine_bytes{1, 9};
  const Cost one_byte{1, 1};
  return {
      {NotRunCause::kAgentItems,
       {kWide, kWide, items},
       costing(nine_items),
       costing(one_item),
       costing(one_item, "omar")},
      {NotRunCause::kAgentBytes,
       {kWide, kWide, bytes},
       costing(nine_bytes),
       costing(one_byte),
       costing(one_byte, "omar")},
      {NotRunCause::kNamespaceItems,
       {kWide, items, kWide},
       costing(nine_items),
       costing(one_item, "omar"),
       costing(one_item, "nina", "other")},
      {NotRunCause::kNamespaceBytes,
       {kWide, bytes, kWide},
       costing(nine_bytes),
       costing(one_byte, "omar"),
       costing(one_byte, "nina", "other")},
      {NotRunCause::kProcessItems, {items, kWide, kWide}, costing(nine_items), costing(one_item, "nina", "other"), {}},
      {NotRunCause::kProcessBytes, {bytes, kWide, kWide}, costing(nine_bytes), costing(one_byte, "nina", "other"), {}},
  };
}

class AdmissionBounds : public ::testing::TestWithParam<size_t> {};

TEST_P(AdmissionBounds, TakeWhatFillsThemAndRefuseOneMore) {
  const BoundCase c = bound_cases()[GetParam()];
  Admission admission(c.options);
  manager_test::Waiting waiting;
  const Queued& first = waiting.add(c.fills);
  EXPECT_FALSE(admission.enter(first, kNow));
  EXPECT_FALSE(admission.enter(waiting.add(c.one), kNow)) << "at the bound";
  const Usage full = admission.process();
  const auto refusal = admission.enter(waiting.add(c.one), kNow);
  ASSERT_TRUE(refusal) << "one past the bound";
  EXPECT_EQ(refusal->cause, c.cause);
  EXPECT_EQ(refusal->has, 10);
  EXPECT_EQ(refusal->max, 10);
  EXPECT_EQ(admission.process(), full) << "what is refused is not counted";
  if (!c.elsewhere.name_space.empty()) {
    EXPECT_FALSE(admission.enter(waiting.add(c.elsewhere), kNow)) << "another has room";
  }
  admission.leave(first);
  EXPECT_FALSE(admission.enter(waiting.add(c.one), kNow)) << "there is room again";
}

TEST_P(AdmissionBounds, RefuseForGoodWhatIsLargerThanThey) {
  const BoundCase c = bound_cases()[GetParam()];
  Admission admission(c.options);
  manager_test::Waiting waiting;
  Task largest = c.fills;
  (largest.cost.bytes > 0 ? largest.cost.bytes : largest.cost.items) = 10;
  Task larger = largest;
  (larger.cost.bytes > 0 ? larger.cost.bytes : larger.cost.items) = 11;
  const auto refusal = admission.enter(waiting.add(larger), kNow);
  ASSERT_TRUE(refusal);
  const NotRun told = describe(*refusal, larger, 5);
  EXPECT_EQ(told.cause, NotRunCause::kTooLarge);
  EXPECT_EQ(told.error.code, Code::kInvalidArgument);
  EXPECT_FALSE(told.error.retryable);
  EXPECT_EQ(told.retry_after_ms, 0);
  EXPECT_THAT(told.error.message, HasSubstr("11"));
  EXPECT_FALSE(admission.enter(waiting.add(largest), kNow));
}

TEST_P(AdmissionBounds, SayWhoseTheyAreAndWhenToComeAgain) {
  const BoundCase c = bound_cases()[GetParam()];
  const NotRun told = describe({c.cause, 10, 10}, c.one, 250);
  EXPECT_EQ(told.error.code, Code::kResourceExhausted);
  EXPECT_TRUE(told.error.retryable);
  EXPECT_EQ(told.retry_after_ms, 250);
  EXPECT_THAT(told.error.message, HasSubstr("250 ms"));
  const std::string cause(not_run_cause_name(c.cause));
  EXPECT_EQ(told.error.message.starts_with("agent 'nina' of namespace 'acme'"), cause.starts_with("agent"));
  EXPECT_EQ(told.error.message.starts_with("namespace 'acme'"), cause.starts_with("namespace"));
}

INSTANTIATE_TEST_SUITE_P(Every, AdmissionBounds, ::testing::Range<size_t>(0, 6), [](const auto& number) {
  return std::string(not_run_cause_name(bound_cases()[number.param].cause));
});

TEST(Admission, WhatCostsNothingCountsAsOne) {
  Admission admission({.process = {2, 0}, .name_space = kWide, .agent = kWide});
  manager_test::Waiting waiting;
  EXPECT_FALSE(admission.enter(waiting.add(costing({0, 0})), kNow));
  EXPECT_FALSE(admission.enter(waiting.add(costing({0, 0})), kNow));
  EXPECT_TRUE(admission.enter(waiting.add(costing({0, 0})), kNow));
}

TEST(Admission, AHugeCostDoesNotWrapAround) {
  Admission admission({.process = kWide, .name_space = kWide, .agent = kWide});
  manager_test::Waiting waiting;
  EXPECT_FALSE(admission.enter(waiting.add(costing({10, 10})), kNow));
  EXPECT_EQ(admission.enter(waiting.add(costing({UINT64_MAX, 0})), kNow)->cause, NotRunCause::kTooLarge);
  EXPECT_EQ(admission.enter(waiting.add(costing({1, UINT64_MAX})), kNow)->cause, NotRunCause::kTooLarge);
}

TEST(Admission, NothingIsKeptOfWhoHasNothingWaiting) {
  Admission admission({});
  manager_test::Waiting waiting;
  for (int i = 0; i < 100; ++i) {
    const Queued& task = waiting.add(costing({3, 7}, std::to_string(i), std::to_string(i % 10)));
    ASSERT_FALSE(admission.enter(task, kNow));
    EXPECT_EQ(admission.agent(task.agent_key), (Usage{1, 3, 7}));
    EXPECT_EQ(admission.name_space(task.task.name_space), (Usage{1, 3, 7}));
    admission.leave(task);
  }
  EXPECT_EQ(admission.agents(), 0);
  EXPECT_EQ(admission.name_spaces(), 0);
  EXPECT_EQ(admission.process(), Usage{});
}

class ShedsMaintenance final : public LoadShedder {
 public:
  bool sheds(TaskClass task_class, const Usage&, MonotonicTime) override {
    return task_class == TaskClass::kMaintenance;
  }
  void started(TaskClass, MonotonicSpan, MonotonicTime) override {}
};

TEST(Admission, WhatAdaptsToLoadIsAskedFirst) {
  ShedsMaintenance shedder;
  Admission admission({.shedder = &shedder});
  manager_test::Waiting waiting;
  Task task = task_of("nina");
  EXPECT_FALSE(admission.enter(waiting.add(task), kNow));
  task.task_class = TaskClass::kMaintenance;
  const auto refusal = admission.enter(waiting.add(task), kNow);
  ASSERT_TRUE(refusal);
  const NotRun told = describe(*refusal, task, 40);
  EXPECT_EQ(told.cause, NotRunCause::kShed);
  EXPECT_EQ(told.error.code, Code::kResourceExhausted);
  EXPECT_EQ(told.retry_after_ms, 40);
  EXPECT_THAT(told.error.message, HasSubstr("maintenance"));
}

TEST(Admission, RetryAfterIsTheTimeInWhichWhatWaitsDrains) {
  EXPECT_EQ(retry_after_ms({1, 500, 0}, 1'000.0), 500);
  EXPECT_EQ(retry_after_ms({1, 1, 0}, 1'000'000.0), 1) << "never at once";
  EXPECT_EQ(retry_after_ms({1, 1'000'000, 0}, 0.001), 30'000) << "never out of sight";
  EXPECT_EQ(retry_after_ms({1, 500, 0}, std::nullopt), 100) << "nothing measured yet";
}

}  // namespace
}  // namespace mnemo
