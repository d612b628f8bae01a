#include "events/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace mnemo {
namespace {

using ::testing::HasSubstr;

TEST(DefaultRules, AreValidAndHoldTheConstantsOfANewLog) {
  const Rules rules = next_rules(Rules{}, default_rules(3)).value();
  EXPECT_EQ(default_rules(3).partition(), 3U);
  EXPECT_EQ(rules.version, 1U);
  EXPECT_EQ(rules.key_window, 65536U);
  EXPECT_EQ(rules.work_units_per_event, 16U);
  EXPECT_EQ(rules.digest_interval, 4096U);
  EXPECT_EQ(rules.links_per_memory_max, 256U);
  EXPECT_EQ(rules.limits.text_bytes(), 65536U);
  EXPECT_EQ(rules.limits.content_bytes(), 262144U);
  EXPECT_EQ(rules.limits.id_bytes(), 256U);
  EXPECT_EQ(rules.limits.key_bytes(), 256U);
  EXPECT_EQ(rules.limits.tags(), 64U);
  EXPECT_EQ(rules.limits.tag_bytes(), 256U);
  EXPECT_EQ(rules.limits.metadata_entries(), 64U);
  EXPECT_EQ(rules.limits.metadata_key_bytes(), 128U);
  EXPECT_EQ(rules.limits.metadata_value_bytes(), 4096U);
  EXPECT_EQ(rules.limits.embedding_dimensions(), 4096U);
  EXPECT_EQ(rules.limits.access_entries(), 1000U);
  EXPECT_EQ(rules.limits.filter_nodes(), 64U);
  EXPECT_EQ(rules.limits.filter_values(), 256U);
}

TEST(DefaultRules, ActivateExactlyTheKindsThatThisBuildApplies) {
  const Rules rules = next_rules(Rules{}, default_rules(0)).value();
  int active = 0;
  for (int number = 0; number < 128; ++number) {
    const auto kind = static_cast<v1::EventKind>(number);
    EXPECT_EQ(rules.active(kind), kind_supported(kind)) << number;
    active += rules.active(kind) ? 1 : 0;
  }
  EXPECT_EQ(active, 16);
  EXPECT_FALSE(rules.active(v1::EVENT_KIND_CONSOLIDATE_REQUESTED));
}

TEST(Rules, BeforeTheFirstActivationOnlyTheTwoKindsThatBringThemAreActive) {
  const Rules none;
  EXPECT_TRUE(none.active(v1::EVENT_KIND_EPOCH_STARTED));
  EXPECT_TRUE(none.active(v1::EVENT_KIND_RULES_ACTIVATED));
  EXPECT_TRUE(none.active(v1::EVENT_KIND_SKIP_RECORDED));
  EXPECT_FALSE(none.active(v1::EVENT_KIND_REMEMBERED));
}

TEST(NextRules, TheVersionMustGrow) {
  const Rules first = next_rules(Rules{}, default_rules(0)).value();
  v1::RulesActivated event = default_rules(0);
  const auto same = next_rules(first, event);
  ASSERT_FALSE(same.has_value());
  EXPECT_EQ(same.error().code, Code::kInvalidArgument);
  EXPECT_EQ(same.error().message, "rules 'rules_version' is 1, the one in force is 1: it must be greater");
  event.set_rules_version(7);
  EXPECT_EQ(next_rules(first, event)->version, 7U);
}

TEST(NextRules, AKindThatIsActiveStaysActive) {
  const Rules first = next_rules(Rules{}, default_rules(0)).value();
  v1::RulesActivated event = default_rules(0);
  event.set_rules_version(2);
  event.mutable_active_kinds()->RemoveLast();
  const auto fewer = next_rules(first, event);
  ASSERT_FALSE(fewer.has_value());
  EXPECT_THAT(fewer.error().message, HasSubstr("OperationFinished (71)"));
  event.add_active_kinds(v1::EVENT_KIND_OPERATION_FINISHED);
  event.add_active_kinds(v1::EVENT_KIND_IMPORTED);
  EXPECT_TRUE(next_rules(first, event)->active(v1::EVENT_KIND_IMPORTED));
}

TEST(NextRules, AKindOfALaterBuildIsNotedAndAnImpossibleNumberRefused) {
  v1::RulesActivated event = default_rules(0);
  event.add_active_kinds(static_cast<v1::EventKind>(44));
  const Rules rules = next_rules(Rules{}, event).value();
  EXPECT_TRUE(rules.active(static_cast<v1::EventKind>(44)));
  EXPECT_FALSE(kind_supported(static_cast<v1::EventKind>(44)));
  for (const int number : {0, 31, 128, -1}) {
    v1::RulesActivated bad = default_rules(0);
    bad.add_active_kinds(static_cast<v1::EventKind>(number));
    EXPECT_FALSE(next_rules(Rules{}, bad).has_value()) << number;
  }
}

TEST(NextRules, IdsMayNotBecomeShorter) {
  const Rules first = next_rules(Rules{}, default_rules(0)).value();
  v1::RulesActivated event = default_rules(0);
  event.set_rules_version(2);
  event.mutable_limits()->set_id_bytes(255);
  EXPECT_THAT(next_rules(first, event).error().message, HasSubstr("must not shrink"));
  event.mutable_limits()->set_id_bytes(257);
  EXPECT_TRUE(next_rules(first, event).has_value());
}

struct Constant {
  const char* name;
  uint32_t most;
};

// Sets a constant of the rules, or of their limits, by its name.
void set_constant(v1::RulesActivated& rules, const std::string& name, uint32_t value) {
  google::protobuf::Message* message = &rules;
  std::string field = name;
  if (name.starts_with("limits.")) {
    message = rules.mutable_limits();
    field = name.substr(7);
  }
  message->GetReflection()->SetUInt32(message, message->GetDescriptor()->FindFieldByName(field), value);
}

TEST(NextRules, EveryConstantHasALeastAndAMost) {
  const std::vector<Constant> constants = {{"key_window", 1 << 20},
                                           {"work_units_per_event", 1024},
                                           {"digest_interval", 1 << 20},
                                           {"links_per_memory_max", 65536},
                                           {"limits.text_bytes", 921600},
                                           {"limits.content_bytes", 921600},
                                           {"limits.id_bytes", 1024},
                                           {"limits.key_bytes", 1024},
                                           {"limits.tags", 1024},
                                           {"limits.tag_bytes", 1024},
                                           {"limits.metadata_entries", 1024},
                                           {"limits.metadata_key_bytes", 1024},
                                           {"limits.metadata_value_bytes", 921600},
                                           {"limits.embedding_dimensions", 65536},
                                           {"limits.access_entries", 4096},
                                           {"limits.filter_nodes", 1024},
                                           {"limits.filter_values", 4096}};
  const int fields = v1::RulesActivated::descriptor()->field_count() - 4 + v1::Limits::descriptor()->field_count();
  ASSERT_EQ(static_cast<int>(constants.size()), fields) << "a constant without a test";
  for (const Constant& constant : constants) {
    for (const uint32_t value : {0U, 1U, constant.most, constant.most + 1}) {
      v1::RulesActivated event = default_rules(0);
      set_constant(event, constant.name, value);
      const auto rules = next_rules(Rules{}, event);
      const bool good = value == 1 || value == constant.most;
      EXPECT_EQ(rules.has_value(), good) << constant.name << " = " << value;
      EXPECT_THAT(rules ? constant.name : rules.error().message, HasSubstr(constant.name));
    }
  }
}

TEST(NextRules, WithoutLimitsIsRefused) {
  v1::RulesActivated event = default_rules(0);
  event.clear_limits();
  EXPECT_FALSE(next_rules(Rules{}, event).has_value());
}

}  // namespace
}  // namespace mnemo
