// What a memory may hold: Remembered and Updated, field by field.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tests/events/refusal.h"

namespace mnemo {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::of_remembered;
using testing::of_updated;
using testing::refusal_after;

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
  EXPECT_THAT(values(""), HasSubstr("is empty"));
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

}  // namespace
}  // namespace mnemo
