// What a build wrote once must be readable, and mean the same, for ever: tests/golden/v1 holds an event of every kind
// as bytes (.bin) and as text (.textproto), and the list of all fields.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "events/activation.h"
#include "tests/events/sample_events.h"

namespace mnemo {
namespace {

namespace fs = std::filesystem;
namespace pb = google::protobuf;

const fs::path kGolden = fs::path(MNEMO_GOLDEN_DIR) / "v1";

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in) << file;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<fs::path> binaries() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kGolden)) {
    if (entry.path().extension() == ".bin") files.push_back(entry.path());
  }
  return files;
}

v1::Envelope parsed(const fs::path& binary) {
  v1::Envelope envelope;
  EXPECT_TRUE(decode(read(binary), envelope)) << binary;
  return envelope;
}

TEST(GoldenV1, BytesStillHaveTheFieldValuesThatTheirTextSays) {
  for (const fs::path& binary : binaries()) {
    v1::Envelope expected;
    ASSERT_TRUE(pb::TextFormat::ParseFromString(read(fs::path(binary).replace_extension(".textproto")), &expected))
        << binary;
    EXPECT_TRUE(pb::util::MessageDifferencer::Equals(parsed(binary), expected))
        << binary << parsed(binary).DebugString();
  }
}

TEST(GoldenV1, WritingTheEventsAgainGivesTheSameBytes) {
  for (const fs::path& binary : binaries()) {
    std::string again;
    ASSERT_TRUE(parsed(binary).SerializeToString(&again));
    EXPECT_EQ(again, read(binary)) << binary;
  }
}

TEST(GoldenV1, CoversEveryKind) {
  std::set<int> kinds;
  for (const fs::path& binary : binaries()) kinds.insert(kind_of(parsed(binary)));
  for (int i = 0; i < v1::EventKind_descriptor()->value_count(); ++i) {
    const auto* kind = v1::EventKind_descriptor()->value(i);
    EXPECT_TRUE(kind->number() == 0 || kinds.contains(kind->number())) << kind->name();
  }
}

// The sealed form is reserved; the three were written while their kinds were, without the fields that they got.
TEST(GoldenV1, EveryEventIsValidExceptThoseOfReservedForms) {
  const Rules rules = testing::rules_of_a_new_log();
  const std::set<std::string> reserved = {"remembered_sealed", "operation_started", "operation_step_done",
                                          "operation_finished"};
  for (const fs::path& binary : binaries()) {
    const Status status = validate(parsed(binary), rules);
    const bool valid = !reserved.contains(binary.stem());
    EXPECT_EQ(status.has_value(), valid) << binary << (status ? "" : status.error().message);
  }
}

// What a new log began with while operations were reserved (1), and what it begins with since (2).
TEST(GoldenV1, ANewLogBeginsWithTheNewestOfItsRulesAndAnOlderOneComesToTheSameKinds) {
  const v1::RulesActivated first = parsed(kGolden / "rules_activated_new_log_1.bin").rules_activated();
  const v1::RulesActivated newest = parsed(kGolden / "rules_activated_new_log_2.bin").rules_activated();
  EXPECT_EQ(default_rules(3).SerializeAsString(), newest.SerializeAsString());
  const auto next = next_activation(next_rules({}, first).value(), PartitionId(3));
  ASSERT_TRUE(next);
  v1::RulesActivated expected = newest;
  expected.set_rules_version(2);
  EXPECT_EQ(next->SerializeAsString(), expected.SerializeAsString());
}

// "mnemo.v1.Text plain 1 string", one line for each field and each value of an enum.
void list_fields(const pb::Descriptor& message, std::set<std::string>& lines) {
  for (int i = 0; i < message.field_count(); ++i) {
    const pb::FieldDescriptor& field = *message.field(i);
    const std::string label = field.is_repeated() ? "repeated " : field.has_optional_keyword() ? "optional " : "";
    const std::string type = field.message_type() != nullptr ? field.message_type()->full_name()
                             : field.enum_type() != nullptr  ? field.enum_type()->full_name()
                                                             : field.type_name();
    lines.insert(message.full_name() + " " + field.name() + " " + std::to_string(field.number()) + " " + label + type);
  }
  for (int i = 0; i < message.nested_type_count(); ++i) list_fields(*message.nested_type(i), lines);
}
void list_values(const pb::EnumDescriptor& type, std::set<std::string>& lines) {
  for (int i = 0; i < type.value_count(); ++i) {
    lines.insert(type.full_name() + " " + type.value(i)->name() + " " + std::to_string(type.value(i)->number()));
  }
}
std::set<std::string> fields_of_this_build() {
  const pb::FileDescriptor& file = *v1::Envelope::descriptor()->file();
  std::set<std::string> lines;
  for (int i = 0; i < file.message_type_count(); ++i) {
    list_fields(*file.message_type(i), lines);
    for (int j = 0; j < file.message_type(i)->enum_type_count(); ++j) {
      list_values(*file.message_type(i)->enum_type(j), lines);
    }
  }
  for (int i = 0; i < file.enum_type_count(); ++i) list_values(*file.enum_type(i), lines);
  return lines;
}

std::set<std::string> locked_fields() {
  std::istringstream file(read(kGolden / "fields.txt"));
  std::set<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.insert(line);
  return lines;
}

// The lines of `from` that `without` lacks.
std::string difference(const std::set<std::string>& from, const std::set<std::string>& without) {
  std::string lines;
  for (const std::string& line : from) {
    if (!without.contains(line)) lines += line + "\n";
  }
  return lines;
}

TEST(GoldenV1, NoFieldOrEnumValueChangedItsNameNumberOrType) {
  EXPECT_EQ(difference(locked_fields(), fields_of_this_build()), "") << "gone or changed";
}

TEST(GoldenV1, EveryFieldIsLocked) {
  EXPECT_EQ(difference(fields_of_this_build(), locked_fields()), "")
      << "a new field needs a new schema version; then add these lines to tests/golden/v1/fields.txt";
}

// Marks the fields that are set somewhere in `message`.
void mark_fields(const pb::Message& message, std::set<std::string>& seen) {
  std::vector<const pb::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const auto* field : fields) {
    seen.insert(field->full_name());
    if (field->message_type() == nullptr) continue;
    const int items = field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
    for (int i = 0; i < items; ++i) {
      mark_fields(field->is_repeated() ? message.GetReflection()->GetRepeatedMessage(message, field, i)
                                       : message.GetReflection()->GetMessage(message, field),
                  seen);
    }
  }
}
void expect_all_seen(const pb::Descriptor& message, const std::set<std::string>& seen) {
  for (int i = 0; i < message.field_count(); ++i) {
    EXPECT_TRUE(seen.contains(message.field(i)->full_name())) << message.field(i)->full_name();
  }
  for (int i = 0; i < message.nested_type_count(); ++i) expect_all_seen(*message.nested_type(i), seen);
}

TEST(GoldenV1, EveryFieldOfTheContractIsSetInSomeEvent) {
  std::set<std::string> seen;
  for (const fs::path& binary : binaries()) mark_fields(parsed(binary), seen);
  const pb::FileDescriptor& file = *v1::Envelope::descriptor()->file();
  for (int i = 0; i < file.message_type_count(); ++i) expect_all_seen(*file.message_type(i), seen);
}

}  // namespace
}  // namespace mnemo
