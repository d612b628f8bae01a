#include <gmock/gmock.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "events/envelope.h"
#include "events/json_syntax.h"
#include "tests/events/sample_events.h"

namespace mnemo {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const Rules kRules = testing::rules_of_a_new_log();

// What validate() says: "" when it is valid.
std::string refusal(const v1::Envelope& envelope) {
  const Status status = validate(envelope, kRules);
  if (status) return "";
  EXPECT_EQ(status.error().code, Code::kInvalidArgument);
  EXPECT_FALSE(status.error().retryable);
  return status.error().message;
}

template <typename Change>
std::string refusal_after(v1::Envelope envelope, const Change& change) {
  EXPECT_EQ(refusal(envelope), "") << "the sample itself must be valid";
  change(envelope);
  return refusal(envelope);
}

std::string of_remembered(const std::function<void(v1::Remembered&)>& change) {
  return refusal_after(testing::remembered(), [&](v1::Envelope& e) { change(*e.mutable_remembered()); });
}
std::string of_updated(const std::function<void(v1::Updated&)>& change) {
  return refusal_after(testing::updated(), [&](v1::Envelope& e) { change(*e.mutable_updated()); });
}
std::string of_envelope(const std::function<void(v1::Envelope&)>& change) {
  return refusal_after(testing::remembered(), change);
}

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

TEST(Validate, TextIsThereNotEmptyPlainUtf8AndShortEnough) {
  EXPECT_EQ(of_remembered([](auto& r) { r.mutable_text()->set_plain(std::string(65536, 'x')); }), "");
  EXPECT_EQ(of_remembered([](auto& r) { r.mutable_text()->set_plain(std::string("\0\x01 \n", 4)); }), "")
      << "text is free: control characters are its own business";
  EXPECT_EQ(of_remembered([](auto& r) { r.mutable_text()->set_plain(std::string(120000, 'x')); }),
            "memory 'text' is 120000 bytes, the limit is 65536: shorten it");
  EXPECT_THAT(of_remembered([](auto& r) { r.mutable_text()->set_plain(""); }), HasSubstr("'text' is empty"));
  EXPECT_THAT(of_remembered([](auto& r) { r.clear_text(); }), HasSubstr("'text' is missing"));
  EXPECT_THAT(of_remembered([](auto& r) { r.mutable_text()->clear_plain(); }), HasSubstr("has no form"));
  EXPECT_THAT(of_remembered([](auto& r) { r.mutable_text()->set_plain("a\xff"); }), HasSubstr("not UTF-8"));
}

TEST(Validate, SealedTextIsRefusedByNameWhereverTextStands) {
  EXPECT_THAT(of_remembered([](auto& r) { r.mutable_text()->mutable_sealed(); }), HasSubstr("'text' is sealed"));
  EXPECT_THAT(of_remembered([](auto& r) { r.mutable_content()->mutable_sealed(); }), HasSubstr("'content' is sealed"));
  EXPECT_THAT(of_remembered([](auto& r) { r.mutable_metadata(0)->mutable_text()->mutable_sealed(); }),
              HasSubstr("'metadata[0]' is sealed"));
  EXPECT_THAT(of_updated([](auto& u) { u.mutable_text()->mutable_sealed(); }), HasSubstr("'text' is sealed"));
}

TEST(Validate, ContentIsJsonWithinItsLimit) {
  const auto content = [](const std::string& json) {
    return of_remembered([&json](auto& r) { r.mutable_content()->set_plain(json); });
  };
  EXPECT_EQ(content(R"({"turn": 3})"), "");
  EXPECT_EQ(content("null"), "");
  EXPECT_THAT(content("{turn: 3}"), HasSubstr("'content' is not JSON"));
  EXPECT_THAT(content(""), HasSubstr("'content' is not JSON"));
  EXPECT_EQ(content('"' + std::string(262142, 'x') + '"'), "");
  EXPECT_THAT(content('"' + std::string(262143, 'x') + '"'), HasSubstr("is 262145 bytes, the limit is 262144"));
}

// A string field of Remembered: its most, what is over it, and whether it may hold control characters.
TEST(Validate, IdsAndLabelsKeepToTheirLimitsAndHoldNoControlCharacters) {
  for (const char* name : {"memory_id", "session_id", "speaker", "source"}) {
    const auto with = [name](const std::string& value) {
      return of_remembered([&](v1::Remembered& r) {
        r.GetReflection()->SetString(&r, r.GetDescriptor()->FindFieldByName(name), value);
      });
    };
    EXPECT_EQ(with(""), "") << name;
    EXPECT_EQ(with(std::string(256, 'x')), "") << name;
    EXPECT_EQ(with("Zoë / 東京 🙂"), "") << name;
    EXPECT_THAT(with(std::string(257, 'x')), AllOf(HasSubstr(name), HasSubstr("is 257 bytes, the limit is 256")));
    EXPECT_THAT(with("a\x1f"), AllOf(HasSubstr(name), HasSubstr("control character")));
    EXPECT_THAT(with("\xf0\x9f"), AllOf(HasSubstr(name), HasSubstr("UTF-8")));
  }
}

TEST(Validate, KindIsAnIdentifier) {
  const auto kind = [](const std::string& value) { return of_remembered([&](auto& r) { r.set_kind(value); }); };
  EXPECT_EQ(kind(""), "");
  EXPECT_EQ(kind("tool.call:v2_x-y"), "");
  EXPECT_EQ(kind(std::string(64, 'k')), "");
  EXPECT_THAT(kind(std::string(65, 'k')), HasSubstr("limit is 64"));
  for (const char* bad : {"two words", "é", "a/b", "a\n", "a,b"})
    EXPECT_THAT(kind(bad), HasSubstr("'kind' is no identifier"));
}

TEST(Validate, TagsAreCountedAndNamedByTheirIndex) {
  const auto tags = [](int count, const std::string& last) {
    return of_remembered([&](auto& r) {
      r.clear_tags();
      for (int i = 1; i < count; ++i) r.add_tags("t");
      r.add_tags(last);
    });
  };
  EXPECT_EQ(tags(64, std::string(256, 'x')), "");
  EXPECT_EQ(tags(65, "x"), "memory 'tags' has 65 items, the limit is 64: send fewer");
  EXPECT_THAT(tags(4, std::string(257, 'x')), HasSubstr("'tags[3]' is 257 bytes, the limit is 256"));
  EXPECT_THAT(tags(2, ""), HasSubstr("'tags[1]' is missing"));
  EXPECT_THAT(tags(1, "a\tb"), HasSubstr("'tags[0]' holds a control character"));
}

TEST(Validate, MetadataKeysAreUniqueAndValuesFinite) {
  const auto metadata = [](const std::function<void(v1::MetadataEntry&)>& change) {
    return of_remembered([&](auto& r) { change(*r.add_metadata()); });
  };
  using Limit = std::numeric_limits<double>;
  EXPECT_EQ(metadata([](auto& e) { e.set_key("n"), e.set_number(-1.5e300); }), "");
  EXPECT_EQ(metadata([](auto& e) { e.set_key("n"), e.set_flag(false); }), "");
  EXPECT_EQ(metadata([](auto& e) { e.set_key("n"), e.mutable_text()->set_plain(""); }), "");
  EXPECT_THAT(metadata([](auto& e) { e.set_key("n"), e.set_number(Limit::infinity()); }),
              HasSubstr("not a finite number"));
  EXPECT_THAT(metadata([](auto& e) { e.set_key("n"), e.set_number(Limit::quiet_NaN()); }),
              HasSubstr("not a finite number"));
  EXPECT_THAT(metadata([](auto& e) { e.set_key("n"); }), HasSubstr("'metadata[1]' ('n') has no value"));
  EXPECT_THAT(metadata([](auto& e) { e.set_flag(true); }), HasSubstr("'metadata key[1]' is missing"));
  EXPECT_THAT(metadata([](auto& e) { e.set_key("dia_id"), e.set_flag(true); }), HasSubstr("repeats the key 'dia_id'"));
  EXPECT_THAT(metadata([](auto& e) { e.set_key(std::string(129, 'k')), e.set_flag(true); }), HasSubstr("limit is 128"));
  EXPECT_THAT(metadata([](auto& e) { e.set_key("n"), e.mutable_text()->set_plain(std::string(4097, 'x')); }),
              HasSubstr("is 4097 bytes, the limit is 4096"));
}

TEST(Validate, MetadataEntriesAreCounted) {
  const auto entries = [](int count) {
    return of_remembered([count](auto& r) {
      r.clear_metadata();
      for (int i = 0; i < count; ++i) {
        r.add_metadata()->set_flag(true);
        r.mutable_metadata(i)->set_key("k" + std::to_string(i));
      }
    });
  };
  EXPECT_EQ(entries(64), "");
  EXPECT_EQ(entries(65), "memory 'metadata' has 65 items, the limit is 64: send fewer");
}

TEST(Validate, NumbersKeepToTheirRanges) {
  EXPECT_EQ(of_remembered([](auto& r) { r.set_importance(0); }), "");
  EXPECT_EQ(of_remembered([](auto& r) { r.set_importance(1000); }), "");
  EXPECT_EQ(of_remembered([](auto& r) { r.set_importance(1001); }),
            "memory 'importance' is 1001, it must be 0 to 1000");
  EXPECT_THAT(of_remembered([](auto& r) { r.set_importance(-1); }), HasSubstr("'importance' is -1"));
  EXPECT_EQ(of_remembered([](auto& r) { r.set_class_(v1::MEMORY_CLASS_WORKING); }), "");
  EXPECT_THAT(of_remembered([](auto& r) { r.set_class_(static_cast<v1::MemoryClass>(5)); }), HasSubstr("'class' is 5"));
  EXPECT_THAT(of_remembered([](auto& r) { r.set_class_(static_cast<v1::MemoryClass>(-1)); }),
              HasSubstr("'class' is -1"));
  EXPECT_EQ(of_remembered([](auto& r) { r.set_tier(v1::TIER_LONG); }), "");
  EXPECT_THAT(of_remembered([](auto& r) { r.set_tier(static_cast<v1::Tier>(4)); }), HasSubstr("'tier' is 4"));
}

TEST(Validate, ExpiryIsAfter1970AndZeroOnlyTakesItAway) {
  EXPECT_EQ(of_remembered([](auto& r) { r.set_expires_at_ms(1); }), "");
  EXPECT_THAT(of_remembered([](auto& r) { r.set_expires_at_ms(0); }), HasSubstr("'expires_at_ms' is 0"));
  EXPECT_THAT(of_remembered([](auto& r) { r.set_expires_at_ms(-1); }), HasSubstr("'expires_at_ms' is -1"));
  EXPECT_THAT(of_remembered([](auto& r) { r.set_expires_at_ms(kTimeMaxMs + 1); }), HasSubstr("'expires_at_ms'"));
  EXPECT_EQ(of_updated([](auto& u) { u.set_expires_at_ms(0); }), "");
  EXPECT_THAT(of_updated([](auto& u) { u.set_expires_at_ms(-1); }), HasSubstr("'expires_at_ms' is -1"));
}

TEST(Validate, EmbeddingHasAModelAndFiniteValuesWithinTheLimit) {
  const auto values = [](const std::string& bytes) {
    return refusal_after(testing::embedding_attached(), [&](v1::Envelope& e) {
      e.mutable_embedding_attached()->mutable_embedding()->set_values_f32_le(bytes);
    });
  };
  EXPECT_EQ(values(std::string(4 * 4096, '\0')), "");
  EXPECT_THAT(values(std::string(4 * 4097, '\0')), HasSubstr("has 4097 dimensions, the limit is 4096"));
  EXPECT_THAT(values(""), HasSubstr("is 0 bytes"));
  EXPECT_THAT(values("12345"), HasSubstr("is 5 bytes: it must be 4 for each dimension"));
  EXPECT_EQ(values(std::string("\xff\xff\x7f\x7f", 4)), "") << "the greatest finite value";
  EXPECT_THAT(values(std::string("\0\0\0\0\0\0\x80\x7f", 8)), HasSubstr("not finite")) << "infinity";
  EXPECT_THAT(values(std::string("\0\0\xc0\xff", 4)), HasSubstr("not finite")) << "a negative NaN";
  EXPECT_THAT(of_remembered([](auto& r) { r.mutable_embedding()->set_values_f32_le("1234"); }),
              HasSubstr("'model' is missing"));
}

TEST(Validate, EmbeddingAttachedNamesAMemoryAndItsVersion) {
  const auto change = [](const std::function<void(v1::EmbeddingAttached&)>& f) {
    return refusal_after(testing::embedding_attached(), [&](v1::Envelope& e) { f(*e.mutable_embedding_attached()); });
  };
  EXPECT_THAT(change([](auto& a) { a.clear_memory_id(); }), HasSubstr("'memory_id' is missing"));
  EXPECT_THAT(change([](auto& a) { a.clear_version(); }), HasSubstr("'version' is 0"));
  EXPECT_THAT(change([](auto& a) { a.clear_embedding(); }), HasSubstr("'embedding' is missing"));
}

TEST(Validate, UpdateNamesAMemoryAndChangesSomething) {
  EXPECT_THAT(of_updated([](auto& u) { u.clear_memory_id(); }), HasSubstr("'memory_id' is missing"));
  EXPECT_THAT(of_updated([](auto& u) { u.clear_text(); }), HasSubstr("changes nothing"));
  EXPECT_THAT(of_updated([](auto& u) { u.mutable_text()->set_plain(""); }), HasSubstr("'text' is empty"));
  EXPECT_THAT(of_updated([](auto& u) { u.set_kind(""); }), HasSubstr("'kind' is empty"));
  EXPECT_THAT(of_updated([](auto& u) { u.set_importance(2000); }), HasSubstr("'importance' is 2000"));
  EXPECT_THAT(of_updated([](auto& u) { u.mutable_tags()->add_values(""); }), HasSubstr("'tags[0]' is missing"));
  EXPECT_THAT(of_updated([](auto& u) { u.mutable_metadata()->add_entries()->set_key("k"); }),
              HasSubstr("has no value"));
  EXPECT_THAT(of_updated([](auto& u) { u.mutable_content()->set_plain("{"); }), HasSubstr("not JSON"));
}

TEST(Validate, EveryFieldOfAnUpdateIsAChangeAndEmptyOnesTakeAway) {
  const std::vector<std::function<void(v1::Updated&)>> changes = {
      [](auto& u) { u.set_session_id(""); },
      [](auto& u) { u.set_speaker(""); },
      [](auto& u) { u.set_class_(v1::MEMORY_CLASS_EPISODIC); },
      [](auto& u) { u.set_kind("event"); },
      [](auto& u) { u.mutable_tags(); },
      [](auto& u) { u.mutable_metadata(); },
      [](auto& u) { u.mutable_content()->set_plain(""); },
      [](auto& u) { u.set_source(""); },
      [](auto& u) { u.set_observed_at_ms(0); },
      [](auto& u) { u.set_expires_at_ms(0); },
      [](auto& u) { u.set_importance(0); },
      [](auto& u) { u.set_pinned(false); },
      [](auto& u) { u.set_tier(v1::TIER_SHORT); },
      [](auto& u) { u.mutable_text()->set_plain("x"); },
  };
  EXPECT_EQ(static_cast<int>(changes.size()), v1::Updated::descriptor()->field_count() - 2) << "a field without a test";
  for (size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(of_updated([&](auto& u) {
                u.clear_text();
                changes[i](u);
              }),
              "")
        << i;
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

TEST(Json, TextsOfTheGrammarPass) {
  for (const char* json :
       {"0", "-0", "-1.5e+30", "1E9", "true", "false", "null", R"("")", R"("\u00e9\n\"\\\/ é 🙂")", R"("\ud83d\ude00")",
        "[]", "{}", " [ 1 , \"a\" , [ ] , { } ] ", R"({"a":{"b":[1,2,{"c":null}]},"a":1})", "\t\r\n 1 \n"}) {
    EXPECT_TRUE(is_json(json)) << json;
  }
}

TEST(Json, AnythingElseFails) {
  for (const char* json : {"",
                           " ",
                           "01",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "-",
                           "tru",
                           "True",
                           "nul",
                           "NaN",
                           "Infinity",
                           "'a'",
                           "\"a",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "\"\\ud83d\"",
                           "\"\\ud83dx\"",
                           "\"\\ud83d\\u0041\"",
                           "\"\\ude00\"",
                           "\"a\nb\"",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "[",
                           "]",
                           "{",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:2}",
                           "1 2",
                           "[1]]",
                           "// c\n1",
                           "\"\\"}) {
    EXPECT_FALSE(is_json(json)) << json;
  }
  EXPECT_FALSE(is_json(std::string_view("1\0", 2)));
  EXPECT_FALSE(is_json(std::string_view("\0", 1)));
}

TEST(Json, DepthIsBounded) {
  const auto nested = [](int levels) { return std::string(levels, '[') + "1" + std::string(levels, ']'); };
  EXPECT_TRUE(is_json(nested(kJsonDepthMax)));
  EXPECT_FALSE(is_json(nested(kJsonDepthMax + 1)));
  EXPECT_FALSE(is_json(std::string(1'000'000, '['))) << "must not run out of stack";
}

}  // namespace
}  // namespace mnemo
