#include <gmock/gmock.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/events/refusal.h"

namespace mnemo {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::of_envelope;
using testing::of_remembered;
using testing::of_updated;
using testing::refusal;
using testing::refusal_after;

TEST(Validate, EnvelopeFieldsThatEveryEventNeeds) {
  EXPECT_THAT(of_envelope([](auto& e) { e.clear_event_id(); }), HasSubstr("'event_id' is 0 bytes, it must be 16"));
  EXPECT_THAT(of_envelope([](auto& e) { e.set_event_id("123"); }), HasSubstr("'event_id' is 3 bytes"));
  EXPECT_THAT(of_envelope([](auto& e) { e.set_schema_version(0); }), HasSubstr("'schema_version' is 0"));
  EXPECT_THAT(of_envelope([](auto& e) { e.set_schema_version(2); }), HasSubstr("'schema_version' is 2"));
  EXPECT_THAT(of_envelope([](auto& e) { e.clear_remembered(); }), HasSubstr("envelope holds no event"));
}

TEST(Validate, FingerprintIsEmptyOrSixteenBytes) {
  EXPECT_EQ(of_envelope([](auto& e) { e.set_fingerprint(std::string(16, 'f')); }), "");
  EXPECT_THAT(of_envelope([](auto& e) { e.set_fingerprint("f"); }), HasSubstr("'fingerprint' is 1 bytes"));
}

TEST(Validate, IdempotencyKeyKeepsToItsLimitAndMayHoldAnyUtf8) {
  EXPECT_EQ(of_envelope([](auto& e) { e.set_idempotency_key(std::string(256, 'k')); }), "");
  EXPECT_EQ(of_envelope([](auto& e) { e.set_idempotency_key("a\nb\x1f"); }), "");
  EXPECT_EQ(of_envelope([](auto& e) { e.set_idempotency_key(std::string(257, 'k')); }),
            "event 'idempotency_key' is 257 bytes, the limit is 256: shorten it");
  EXPECT_THAT(of_envelope([](auto& e) { e.set_idempotency_key("\xff"); }), HasSubstr("not UTF-8"));
}

TEST(Validate, TraceFieldsAreShortLabels) {
  for (const char* name : {"actor", "correlation_id", "causation_id", "traceparent"}) {
    const auto set = [name](std::string value) {
      return [name, value](v1::Envelope& e) {
        e.GetReflection()->SetString(&e, e.GetDescriptor()->FindFieldByName(name), value);
      };
    };
    EXPECT_EQ(of_envelope(set(std::string(256, 'x'))), "") << name;
    EXPECT_THAT(of_envelope(set(std::string(257, 'x'))), AllOf(HasSubstr(name), HasSubstr("limit is 256")));
    EXPECT_THAT(of_envelope(set("a\nb")), AllOf(HasSubstr(name), HasSubstr("control character")));
    EXPECT_THAT(of_envelope(set("\xc3")), AllOf(HasSubstr(name), HasSubstr("UTF-8")));
  }
}

TEST(Validate, ScopeOfAnAgentEvent) {
  EXPECT_TRUE(validate_scope("n", "a").has_value());
  EXPECT_TRUE(validate_scope(std::string(128, 'n'), std::string(256, 'a')).has_value());
  EXPECT_TRUE(validate_scope("東京", "エージェント 7 / x").has_value());
  EXPECT_FALSE(validate_scope("", "a").has_value());
  EXPECT_FALSE(validate_scope("n", "").has_value());
  EXPECT_FALSE(validate_scope(std::string(129, 'n'), "a").has_value());
  EXPECT_FALSE(validate_scope("n", std::string(257, 'a')).has_value());
  for (const char* bad : {"a\x1f"
                          "b",
                          "a\nb", "\x7f", "\xc2\x80", "\xc2\x9f", "\xff", "a\xc3"}) {
    EXPECT_FALSE(validate_scope(bad, "a").has_value()) << to_hex(bad);
    EXPECT_FALSE(validate_scope("n", bad).has_value()) << to_hex(bad);
  }
  EXPECT_TRUE(validate_scope("\xc2\xa0", "a").has_value()) << "U+00A0 is no control character";
  EXPECT_THAT(of_envelope([](auto& e) { e.clear_namespace_(); }), HasSubstr("'namespace' is missing"));
  EXPECT_THAT(of_envelope([](auto& e) { e.clear_agent_id(); }), HasSubstr("'agent_id' is missing"));
}

TEST(Validate, ControlEventHasNoScopeAndNoKey) {
  const auto change = [](const std::function<void(v1::Envelope&)>& f) {
    return refusal_after(testing::epoch_started(), f);
  };
  EXPECT_THAT(change([](auto& e) { e.set_namespace_("n"); }), HasSubstr("'namespace' is set"));
  EXPECT_THAT(change([](auto& e) { e.set_agent_id("a"); }), HasSubstr("'agent_id' is set"));
  EXPECT_THAT(change([](auto& e) { e.set_idempotency_key("k"); }), HasSubstr("'idempotency_key' is set"));
  EXPECT_THAT(change([](auto& e) { e.set_fingerprint(std::string(16, 'f')); }), HasSubstr("'fingerprint' is set"));
}

TEST(Validate, TimesAreWithinTheYears1To9999) {
  const auto recorded = [](int64_t ms) { return of_envelope([ms](auto& e) { e.set_recorded_at_ms(ms); }); };
  const auto observed = [](int64_t ms) { return of_remembered([ms](auto& r) { r.set_observed_at_ms(ms); }); };
  for (const auto& check :
       {std::function<std::string(int64_t)>(recorded), std::function<std::string(int64_t)>(observed)}) {
    EXPECT_EQ(check(kTimeMinMs), "");
    EXPECT_EQ(check(0), "");
    EXPECT_EQ(check(kTimeMaxMs), "");
    EXPECT_THAT(check(kTimeMinMs - 1), HasSubstr("years 0001 to 9999"));
    EXPECT_THAT(check(kTimeMaxMs + 1), HasSubstr("years 0001 to 9999"));
  }
}

TEST(Validate, ForgetNamesAMemoryOrAFilter) {
  v1::Envelope envelope = testing::agent_envelope();
  envelope.mutable_forgotten();
  EXPECT_THAT(refusal(envelope), HasSubstr("'memory_id' is missing"));
  envelope.mutable_forgotten()->set_memory_id("mem-1");
  EXPECT_EQ(refusal(envelope), "");
  envelope.mutable_forgotten_by_filter();
  EXPECT_THAT(refusal(envelope), HasSubstr("'filter' is missing"));
  envelope.mutable_forgotten_by_filter()->mutable_filter();
  EXPECT_THAT(refusal(envelope), HasSubstr("filter 'node' is empty"));
  EXPECT_EQ(refusal(testing::forgotten_by_tag("x")), "");
}

TEST(Validate, AccessNamesMemoriesWithCounts) {
  const auto change = [](const std::function<void(v1::Accessed&)>& f) {
    return refusal_after(testing::accessed(), [&](v1::Envelope& e) { f(*e.mutable_accessed()); });
  };
  const auto of_size = [&change](int size) {
    return change([size](v1::Accessed& a) {
      while (a.entries_size() < size) *a.add_entries() = v1::Accessed::Entry(a.entries(0));
    });
  };
  EXPECT_THAT(change([](auto& a) { a.clear_entries(); }), HasSubstr("'entries' is empty"));
  EXPECT_THAT(change([](auto& a) { a.mutable_entries(0)->set_count(0); }), HasSubstr("'count[0]' is 0"));
  EXPECT_THAT(change([](auto& a) { a.add_entries()->set_count(1); }), HasSubstr("'memory_id[1]' is missing"));
  EXPECT_EQ(of_size(1000), "");
  EXPECT_THAT(of_size(1001), HasSubstr("has 1001 items, the limit is 1000"));
}

TEST(Validate, LinkJoinsTwoDifferentMemoriesByAnIdentifier) {
  const auto change = [](const std::function<void(v1::Linked&)>& f) {
    return refusal_after(testing::linked(), [&](v1::Envelope& e) { f(*e.mutable_linked()); });
  };
  EXPECT_THAT(change([](auto& l) { l.clear_from_memory_id(); }), HasSubstr("'from_memory_id' is missing"));
  EXPECT_THAT(change([](auto& l) { l.clear_to_memory_id(); }), HasSubstr("'to_memory_id' is missing"));
  EXPECT_THAT(change([](auto& l) { l.clear_type(); }), HasSubstr("'type' is empty"));
  EXPECT_THAT(change([](auto& l) { l.set_type("two words"); }), HasSubstr("'type' is no identifier"));
  EXPECT_THAT(change([](auto& l) { l.set_to_memory_id("mem-1"); }), HasSubstr("link to another one"));
  v1::Envelope unlinked = testing::agent_envelope();
  unlinked.mutable_unlinked()->set_from_memory_id("mem-1");
  unlinked.mutable_unlinked()->set_type("follows");
  EXPECT_THAT(refusal(unlinked), HasSubstr("'to_memory_id' is missing"));
  unlinked.mutable_unlinked()->set_to_memory_id("mem-2");
  EXPECT_EQ(refusal(unlinked), "");
}

TEST(Validate, EpochStartedNamesItsLogWhole) {
  const auto change = [](const std::function<void(v1::EpochStarted&)>& f) {
    return refusal_after(testing::epoch_started(), [&](v1::Envelope& e) { f(*e.mutable_epoch_started()); });
  };
  EXPECT_EQ(change([](auto& s) { s.set_partition(7); }), "");
  EXPECT_THAT(change([](auto& s) { s.set_partition(8); }), HasSubstr("'partition' is 8, it must be 0 to 7"));
  EXPECT_THAT(change([](auto& s) { s.set_partitions(0); }), HasSubstr("'partitions' is 0"));
  EXPECT_THAT(change([](auto& s) { s.set_partitions(1025); }), HasSubstr("'partitions' is 1025"));
  EXPECT_THAT(change([](auto& s) { s.set_epoch(0); }), HasSubstr("'epoch' is 0"));
  EXPECT_THAT(change([](auto& s) { s.set_log_id("x"); }), HasSubstr("'log_id' is 1 bytes"));
  EXPECT_THAT(change([](auto& s) { s.clear_fingerprint_check(); }), HasSubstr("'fingerprint_check' is 0 bytes"));
}

TEST(Validate, OtherControlEvents) {
  v1::Envelope envelope = testing::control_envelope();
  *envelope.mutable_rules_activated() = default_rules(0);
  EXPECT_EQ(refusal(envelope), "");
  envelope.mutable_rules_activated()->set_key_window(0);
  EXPECT_THAT(refusal(envelope), HasSubstr("'key_window' is 0"));

  envelope.mutable_policy_updated()->set_version(1);
  EXPECT_THAT(refusal(envelope), HasSubstr("'namespace' is missing"));
  envelope.mutable_policy_updated()->set_namespace_("acme");
  EXPECT_EQ(refusal(envelope), "");
  envelope.mutable_policy_updated()->set_ttl_ms(-1);
  EXPECT_THAT(refusal(envelope), HasSubstr("'ttl_ms' is -1"));
  envelope.mutable_policy_updated()->set_ttl_ms(1);
  envelope.mutable_policy_updated()->set_version(0);
  EXPECT_THAT(refusal(envelope), HasSubstr("'version' is 0"));

  envelope.mutable_ticked()->set_time_ms(kTimeMaxMs + 1);
  EXPECT_THAT(refusal(envelope), HasSubstr("'time_ms'"));
  envelope.mutable_ticked()->set_time_ms(kTimeMaxMs);
  EXPECT_EQ(refusal(envelope), "");
  envelope.mutable_ticked()->set_partition(1024);
  EXPECT_THAT(refusal(envelope), HasSubstr("'partition' is 1024"));

  envelope.mutable_skip_recorded()->set_epoch(0);
  EXPECT_THAT(refusal(envelope), HasSubstr("'epoch' is 0"));
  envelope.mutable_skip_recorded()->set_epoch(1);
  EXPECT_EQ(refusal(envelope), "");
  envelope.mutable_skip_recorded()->set_reason(std::string(1025, 'x'));
  EXPECT_THAT(refusal(envelope), HasSubstr("'reason' is 1025 bytes"));
}

TEST(Validate, AnOperationIsNamedWholeAndItsParametersAreBounded) {
  const auto change = [](const std::function<void(v1::OperationStarted&)>& f) {
    return refusal_after(testing::operation_started(), [&](v1::Envelope& e) { f(*e.mutable_operation_started()); });
  };
  EXPECT_EQ(change([](auto& o) { o.set_steps(0); }), "");
  EXPECT_EQ(change([](auto& o) { o.clear_fingerprint(); }), "");
  EXPECT_EQ(change([](auto& o) { o.set_request(std::string(4096, '\0')); }), "");
  EXPECT_THAT(change([](auto& o) { o.set_request(std::string(4097, 'x')); }), HasSubstr("'request' is 4097 bytes"));
  EXPECT_THAT(change([](auto& o) { o.set_steps(1'000'001); }), HasSubstr("'steps' is 1000001"));
  EXPECT_THAT(change([](auto& o) { o.set_operation_id("short"); }), HasSubstr("'operation_id' is 5 bytes"));
  EXPECT_THAT(change([](auto& o) { o.set_fingerprint("short"); }), HasSubstr("'fingerprint' is 5 bytes"));
  EXPECT_THAT(change([](auto& o) { o.set_kind("two words"); }), HasSubstr("'kind'"));
  EXPECT_THAT(change([](auto& o) { o.clear_kind(); }), HasSubstr("'kind'"));
  EXPECT_EQ(change([](auto& o) { o.clear_namespace_(); }), "");
  EXPECT_THAT(change([](auto& o) { o.set_namespace_(std::string(129, 'n')); }), HasSubstr("'namespace' is 129 bytes"));
  EXPECT_THAT(change([](auto& o) {
                o.set_namespace_(
                    "a\x1f"
                    "b");
              }),
              HasSubstr("'namespace'"));
}

TEST(Validate, AStepAndAnEndOfAnOperationNameItAndTellWhatCameOfIt) {
  const auto step = [](const std::function<void(v1::OperationStepDone&)>& f) {
    return refusal_after(testing::operation_step_done(), [&](v1::Envelope& e) { f(*e.mutable_operation_step_done()); });
  };
  EXPECT_EQ(step([](auto& o) { o.clear_result(); }), "");
  EXPECT_THAT(step([](auto& o) { o.set_step(0); }), HasSubstr("'step' is 0"));
  EXPECT_THAT(step([](auto& o) { o.set_step(1'000'001); }), HasSubstr("'step' is 1000001"));
  EXPECT_THAT(step([](auto& o) { o.clear_operation_id(); }), HasSubstr("'operation_id' is 0 bytes"));
  EXPECT_THAT(step([](auto& o) { o.set_result(std::string(1025, 'x')); }), HasSubstr("'result' is 1025 bytes"));

  const auto end = [](const std::function<void(v1::OperationFinished&)>& f) {
    return refusal_after(testing::operation_finished(), [&](v1::Envelope& e) { f(*e.mutable_operation_finished()); });
  };
  EXPECT_EQ(end([](auto& o) { o.clear_reason(); }), "");
  EXPECT_THAT(end([](auto& o) { o.clear_outcome(); }), HasSubstr("'outcome' is 0"));
  EXPECT_THAT(end([](auto& o) { o.set_outcome(static_cast<v1::OperationOutcome>(4)); }), HasSubstr("'outcome' is 4"));
  EXPECT_THAT(end([](auto& o) { o.set_operation_id("short"); }), HasSubstr("'operation_id' is 5 bytes"));
  EXPECT_THAT(end([](auto& o) { o.set_reason("a\nb"); }), HasSubstr("'reason'"));
}

TEST(Validate, AFieldThatTheSchemaVersionDoesNotHaveIsRefusedInEveryMessage) {
  const auto add_unknown = [](google::protobuf::Message& m) {
    m.GetReflection()->MutableUnknownFields(&m)->AddVarint(9999, 1);
  };
  EXPECT_THAT(of_envelope([&](auto& e) { e.GetReflection()->MutableUnknownFields(&e)->AddVarint(13, 1); }),
              HasSubstr("field number 13"));
  EXPECT_THAT(of_remembered(add_unknown), HasSubstr("(Remembered) has field number 9999"));
  EXPECT_THAT(of_remembered([&](auto& r) { add_unknown(*r.mutable_text()); }), HasSubstr("(Text)"));
  EXPECT_THAT(of_remembered([&](auto& r) { add_unknown(*r.mutable_metadata(0)); }), HasSubstr("(MetadataEntry)"));
  EXPECT_THAT(of_updated([&](auto& u) { add_unknown(*u.mutable_tags()); }), HasSubstr("(Tags)"));
  EXPECT_THAT(of_updated([&](auto& u) { add_unknown(*u.mutable_metadata()); }), HasSubstr("(Metadata)"));
  EXPECT_THAT(
      refusal_after(testing::accessed(), [&](auto& e) { add_unknown(*e.mutable_accessed()->mutable_entries(0)); }),
      HasSubstr("(Entry)"));
  EXPECT_THAT(refusal_after(testing::embedding_attached(),
                            [&](auto& e) { add_unknown(*e.mutable_embedding_attached()->mutable_embedding()); }),
              HasSubstr("(Embedding)"));
  v1::Envelope rules = testing::control_envelope();
  *rules.mutable_rules_activated() = default_rules(0);
  EXPECT_THAT(refusal_after(rules, [&](auto& e) { add_unknown(*e.mutable_rules_activated()->mutable_limits()); }),
              HasSubstr("(Limits)"));
}

TEST(Validate, FollowsTheLimitsOnTheLogAndNotThoseOfTheBuild) {
  v1::RulesActivated event = default_rules(0);
  event.mutable_limits()->set_text_bytes(5);
  const Rules rules = next_rules(Rules{}, event).value();
  v1::Envelope envelope = testing::remembered();
  envelope.mutable_remembered()->mutable_text()->set_plain("12345");
  EXPECT_TRUE(validate(envelope, rules).has_value());
  envelope.mutable_remembered()->mutable_text()->set_plain("123456");
  EXPECT_THAT(validate(envelope, rules).error().message, HasSubstr("the limit is 5"));
}

}  // namespace
}  // namespace mnemo
