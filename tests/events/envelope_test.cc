#include "events/envelope.h"

#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "events/limits.h"
#include "tests/events/sample_events.h"

namespace mnemo {
namespace {

// The envelope with the event of field `number` set to its defaults.
v1::Envelope with_event(int number) {
  v1::Envelope envelope;
  const auto* field = v1::Envelope::descriptor()->FindFieldByNumber(number);
  envelope.GetReflection()->MutableMessage(&envelope, field);
  return envelope;
}

TEST(Kind, NumberIsTheFieldNumberOfTheEventAndNameIsItsMessage) {
  const auto* event = v1::Envelope::descriptor()->FindOneofByName("event");
  ASSERT_EQ(event->field_count(), 21);
  for (int i = 0; i < event->field_count(); ++i) {
    const v1::Envelope envelope = with_event(event->field(i)->number());
    EXPECT_EQ(kind_of(envelope), event->field(i)->number());
    EXPECT_EQ(kind_name(kind_of(envelope)), event->field(i)->message_type()->name());
  }
  EXPECT_EQ(kind_of(v1::Envelope()), v1::EVENT_KIND_UNSPECIFIED);
  EXPECT_EQ(kind_name(v1::EVENT_KIND_UNSPECIFIED), "Unspecified");
  EXPECT_EQ(kind_name(static_cast<EventKind>(127)), "Unknown");
}

TEST(Kind, ControlEventsAreThoseThatNameTheirPartition) {
  const auto* event = v1::Envelope::descriptor()->FindOneofByName("event");
  for (int i = 0; i < event->field_count(); ++i) {
    const auto* field = event->field(i);
    const bool names_one = field->message_type()->FindFieldByName("partition") != nullptr;
    const v1::Envelope envelope = with_event(field->number());
    EXPECT_EQ(is_control(kind_of(envelope)), names_one) << field->name();
    EXPECT_EQ(control_partition(envelope).has_value(), names_one) << field->name();
  }
}

TEST(ControlPartition, IsTheOneThatTheEventNames) {
  const auto* event = v1::Envelope::descriptor()->FindOneofByName("event");
  for (int i = 0; i < event->field_count(); ++i) {
    const auto* field = event->field(i)->message_type()->FindFieldByName("partition");
    if (field == nullptr) continue;
    v1::Envelope envelope;
    auto* inner = envelope.GetReflection()->MutableMessage(&envelope, event->field(i));
    inner->GetReflection()->SetUInt32(inner, field, 5);
    EXPECT_EQ(control_partition(envelope), PartitionId{5}) << event->field(i)->name();
  }
}

TEST(MessageKey, JoinsNamespaceAndAgentAndSplitsAgain) {
  const std::string key = message_key("acme", "assistant-7");
  EXPECT_EQ(key,
            "acme\x1f"
            "assistant-7");
  const auto scope = parse_message_key(key);
  ASSERT_TRUE(scope.has_value());
  EXPECT_EQ(scope->name_space, "acme");
  EXPECT_EQ(scope->agent_id, "assistant-7");
}

TEST(MessageKey, OfNoAgentIsNotSplit) {
  for (const std::string_view key :
       {std::string_view(), kControlKey, std::string_view("acme"), std::string_view("acme\x1f"),
        std::string_view("\x1f"
                         "agent"),
        std::string_view("a\x1f"
                         "b\x1f"
                         "c")}) {
    EXPECT_FALSE(parse_message_key(key).has_value()) << to_hex(key);
  }
}

TEST(MakeRecord, PutsAnAgentsEventsOnItsPartitionUnderItsKey) {
  const v1::Envelope envelope = testing::remembered();
  const NewRecord record = make_record(envelope, 8);
  EXPECT_EQ(record.key, message_key("acme", "assistant-7"));
  EXPECT_EQ(record.partition, partition_of(record.key, 8));
  v1::Envelope again;
  ASSERT_TRUE(decode(record.value, again));
  EXPECT_EQ(again.SerializeAsString(), envelope.SerializeAsString());
}

TEST(MakeRecord, PutsAControlEventOnThePartitionThatItNames) {
  v1::Envelope envelope = testing::control_envelope();
  envelope.mutable_ticked()->set_partition(6);
  const NewRecord record = make_record(envelope, 8);
  EXPECT_EQ(record.partition, PartitionId{6});
  EXPECT_EQ(record.key, kControlKey);
}

TEST(Decode, RefusesWhatIsNoEnvelope) {
  v1::Envelope envelope;
  EXPECT_FALSE(
      decode("\x0a\x10"
             "short",
             envelope))
      << "a field longer than the record";
  EXPECT_FALSE(decode("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", envelope)) << "an overlong tag";
  EXPECT_TRUE(decode("", envelope)) << "an empty envelope parses; validate() refuses it";
}

// The premise: protobuf refuses proto3 strings that are not UTF-8, so a replay never sees one.
TEST(Decode, RefusesAStringThatIsNotUtf8) {
  v1::Envelope envelope = testing::agent_envelope();
  envelope.set_actor("AB");
  std::string bytes = envelope.SerializeAsString();
  const size_t at = bytes.find("AB");
  bytes[at] = '\xc3';
  EXPECT_FALSE(decode(bytes, envelope));
  bytes[at + 1] = '\xa9';
  EXPECT_TRUE(decode(bytes, envelope));
}

TEST(Decode, RefusesARecordOverTheLimit) {
  v1::Envelope envelope = testing::remembered();
  const size_t rest = envelope.ByteSizeLong() - envelope.remembered().text().plain().size();
  envelope.mutable_remembered()->mutable_text()->set_plain(std::string(limits::kEventBytesMax - rest, 'x'));
  const size_t over = envelope.ByteSizeLong() - limits::kEventBytesMax;  // longer length prefixes
  envelope.mutable_remembered()->mutable_text()->mutable_plain()->resize(limits::kEventBytesMax - rest - over);
  ASSERT_EQ(envelope.ByteSizeLong(), limits::kEventBytesMax);
  v1::Envelope out;
  EXPECT_TRUE(decode(envelope.SerializeAsString(), out));
  envelope.mutable_remembered()->mutable_text()->mutable_plain()->push_back('x');
  EXPECT_FALSE(decode(envelope.SerializeAsString(), out));
}

// Depth is part of what a valid record is, so it must not follow a library's default without notice.
TEST(Decode, RefusesMessagesNestedDeeperThan100) {
  const auto nested = [](int depth) {  // Envelope, ForgottenByFilter, then `depth` filters
    v1::Envelope envelope = testing::agent_envelope();
    v1::Filter* filter = envelope.mutable_forgotten_by_filter()->mutable_filter();
    for (int i = 1; i < depth; ++i) filter = filter->mutable_not_();
    return envelope.SerializeAsString();
  };
  v1::Envelope envelope;
  EXPECT_TRUE(decode(nested(99), envelope));
  EXPECT_FALSE(decode(nested(100), envelope));
}

// Which of the two counts would depend on whether a build knows both.
TEST(Decode, RefusesEventsOfTwoKindsInOneEnvelope) {
  const std::string one = testing::remembered().SerializeAsString();
  v1::Envelope out;
  const auto with = [&one](int number) {
    v1::Envelope other;
    other.GetReflection()->MutableUnknownFields(&other)->AddLengthDelimited(number, "");
    return std::pair{one + other.SerializeAsString(), other.SerializeAsString() + one};
  };
  for (const int number : {33, 44, 63, 64, 127}) {
    const auto [behind, before] = with(number);
    EXPECT_FALSE(decode(behind, out)) << number;
    EXPECT_FALSE(decode(before, out)) << number;
  }
  for (const int number : {13, 31, 32, 128, 1000}) {
    EXPECT_TRUE(decode(with(number).first, out)) << number;
    EXPECT_TRUE(decode(with(number).second, out)) << number;
  }
}

TEST(Kind, OfALaterBuildIsKnownByItsNumber) {
  const auto with = [](int number) {
    v1::Envelope envelope = testing::agent_envelope();
    envelope.GetReflection()->MutableUnknownFields(&envelope)->AddLengthDelimited(number, "");
    return envelope;
  };
  for (const int number : {44, 63, 73, 127}) EXPECT_EQ(kind_of(with(number)), number);
  for (const int number : {13, 31, 128, 500}) EXPECT_EQ(kind_of(with(number)), v1::EVENT_KIND_UNSPECIFIED) << number;
  v1::Envelope no_message = testing::agent_envelope();
  no_message.GetReflection()->MutableUnknownFields(&no_message)->AddVarint(44, 1);
  EXPECT_EQ(kind_of(no_message), v1::EVENT_KIND_UNSPECIFIED) << "an event is a message";
}

TEST(PartitionFor, AControlEventMustNameAPartitionThatTheLogHas) {
  v1::Envelope envelope = testing::control_envelope();
  envelope.mutable_ticked()->set_partition(7);
  EXPECT_EQ(partition_for(envelope, 8).value(), PartitionId{7});
  const auto refused = partition_for(envelope, 7);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  EXPECT_EQ(partition_for(testing::remembered(), 8).value(), partition_of(message_key("acme", "assistant-7"), 8));
}

TEST(NeedsNewerBuild, ForALaterSchemaVersion) {
  v1::Envelope envelope = testing::remembered();
  EXPECT_FALSE(needs_newer_build(envelope));
  envelope.set_schema_version(2);
  EXPECT_TRUE(needs_newer_build(envelope));
}

TEST(NeedsNewerBuild, NotForAnUnknownFieldOfThisSchemaVersionNorForNoEvent) {
  v1::Envelope envelope = testing::remembered();
  envelope.GetReflection()->MutableUnknownFields(&envelope)->AddVarint(13, 1);
  EXPECT_FALSE(needs_newer_build(envelope));
  EXPECT_FALSE(needs_newer_build(v1::Envelope()));
}

TEST(Bytes16, IsThereForSixteenBytesOnly) {
  EXPECT_FALSE(bytes16("").has_value());
  EXPECT_FALSE(bytes16(std::string(15, 'a')).has_value());
  EXPECT_FALSE(bytes16(std::string(17, 'a')).has_value());
  const auto id = bytes16(std::string("0123456789abcde\xff", 16));
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(to_hex(*id), "303132333435363738396162636465ff");
}

TEST(SkipReason, NamesAreThoseOfTheDeadLetterFormat) {
  EXPECT_EQ(skip_reason_name(SkipReason::kUndecodable), "undecodable");
  EXPECT_EQ(skip_reason_name(SkipReason::kInvalid), "invalid");
  EXPECT_EQ(skip_reason_name(SkipReason::kKindNotActive), "kind_not_active");
  EXPECT_EQ(skip_reason_name(SkipReason::kKeyMismatch), "key_mismatch");
  EXPECT_EQ(skip_reason_name(SkipReason::kWrongPartition), "wrong_partition");
  EXPECT_EQ(skip_reason_name(SkipReason::kOperator), "operator");
  EXPECT_EQ(skip_reason_name(SkipReason::kOldEpoch), "old_epoch");
}

TEST(Utf8, WellFormedSequencesPass) {
  for (const char* text : {"", "plain ascii that is longer than eight bytes", "é", "東京", "🙂", "\u07ff", "\u0800",
                           "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff", "12345678é", "1234567é"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
}

TEST(Utf8, OverlongSurrogateTruncatedAndStrayBytesFail) {
  for (const std::string_view bytes :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf", "\xe3\x81", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf0\x9f\x99", "\xf5\x80\x80\x80", "\xff", "12345678\xc3", "\xc3\x28",
        "\xe3\x81\x28"}) {
    EXPECT_FALSE(is_utf8(bytes)) << to_hex(bytes);
    EXPECT_FALSE(is_utf8("12345678 and " + std::string(bytes) + " after it")) << to_hex(bytes);
  }
}

// The bytes after the view's end would complete the sequence: they are not to be read.
TEST(Utf8, ASequenceThatTheViewCutsOffFails) {
  for (const std::string_view whole : {"é", "東", "🙂"}) {
    for (size_t length = 1; length < whole.size(); ++length) {
      EXPECT_FALSE(is_utf8(whole.substr(0, length))) << whole << " " << length;
    }
  }
}

}  // namespace
}  // namespace mnemo
