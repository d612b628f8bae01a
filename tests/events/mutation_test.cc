// Random damage to valid records: whatever the bytes, decoding and validation give an answer, the same one each time,
// and what passes is fit for everything that follows. Under the sanitizers this is where a read past the end shows.
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "events/fingerprint.h"
#include "tests/events/sample_events.h"

namespace mnemo {
namespace {

namespace pb = google::protobuf;

// Every golden event, as bytes.
std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const auto& entry : std::filesystem::directory_iterator(MNEMO_GOLDEN_DIR "/v1")) {
    if (entry.path().extension() != ".bin") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    all.push_back(bytes.str());
  }
  return all;
}

class Mutation : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* given = std::getenv("MNEMO_TEST_SEED");
    seed_ = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    std::cout << "seed " << seed_ << " (set MNEMO_TEST_SEED to repeat)\n";
    random_.seed(seed_);
  }
  size_t below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  char byte() { return static_cast<char>(below(256)); }

  // One damage: a bit flipped, a byte set, bytes cut out, doubled or put in, the end cut off.
  void damage(std::string& bytes) {
    if (bytes.empty()) return bytes.push_back(byte());
    const size_t at = below(bytes.size());
    const size_t length = 1 + below(std::min<size_t>(8, bytes.size() - at));
    switch (below(6)) {
      case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8))); break;
      case 1: bytes[at] = byte(); break;
      case 2: bytes.erase(at, length); break;
      case 3: bytes.insert(at, bytes.substr(at, length)); break;
      case 4: bytes.insert(at, 1, byte()); break;
      default: bytes.resize(at); break;
    }
  }

  // Sets a random field of a random message within `message` to an edge of its type.
  void change_field(pb::Message& message) {
    const pb::Descriptor& type = *message.GetDescriptor();
    if (type.field_count() == 0) return;
    const pb::FieldDescriptor& field = *type.field(static_cast<int>(below(type.field_count())));
    const pb::Reflection& r = *message.GetReflection();
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      return change_field(field.is_repeated() ? *r.AddMessage(&message, &field) : *r.MutableMessage(&message, &field));
    }
    if (field.is_repeated()) {
      if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING)
        r.AddString(&message, &field, edge_string());
      else
        r.AddEnumValue(&message, &field, static_cast<int>(edge_number()));
      return;
    }
    set_scalar(message, r, field);
  }

  void set_scalar(pb::Message& message, const pb::Reflection& r, const pb::FieldDescriptor& field) {
    const int64_t number = edge_number();
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_INT32: return r.SetInt32(&message, &field, static_cast<int32_t>(number));
      case pb::FieldDescriptor::CPPTYPE_INT64: return r.SetInt64(&message, &field, number);
      case pb::FieldDescriptor::CPPTYPE_UINT32: return r.SetUInt32(&message, &field, static_cast<uint32_t>(number));
      case pb::FieldDescriptor::CPPTYPE_UINT64: return r.SetUInt64(&message, &field, static_cast<uint64_t>(number));
      case pb::FieldDescriptor::CPPTYPE_ENUM: return r.SetEnumValue(&message, &field, static_cast<int>(number));
      case pb::FieldDescriptor::CPPTYPE_BOOL: return r.SetBool(&message, &field, number != 0);
      case pb::FieldDescriptor::CPPTYPE_DOUBLE:
        return r.SetDouble(&message, &field, below(4) == 0 ? 1.0 / 0.0 : static_cast<double>(number));
      case pb::FieldDescriptor::CPPTYPE_STRING: return r.SetString(&message, &field, edge_string());
      case pb::FieldDescriptor::CPPTYPE_FLOAT:
      case pb::FieldDescriptor::CPPTYPE_MESSAGE: break;
    }
  }

  int64_t edge_number() {
    const int64_t edges[] = {0,    1,    -1,        2,         64,         127,       128,
                             1000, 1001, INT32_MAX, INT32_MIN, UINT32_MAX, INT64_MAX, INT64_MIN};
    return edges[below(std::size(edges))];
  }
  std::string edge_string() {
    const std::string edges[] = {"",
                                 "a",
                                 std::string(16, 'b'),
                                 std::string(257, 'c'),
                                 "\xc3",
                                 "\xff\xfe",
                                 "\xc2\x80",
                                 "é🙂",
                                 std::string("\0", 1),
                                 "\x1f",
                                 "{\"a\":[",
                                 std::string(70000, '[')};
    return edges[below(std::size(edges))];
  }

  uint64_t seed_ = 0;
  std::mt19937_64 random_;
};

// What apply() and the doors do with any record. Returns whether it is valid.
bool survives(const v1::Envelope& envelope, const Rules& rules) {
  const Status first = validate(envelope, rules);
  const Status again = validate(envelope, rules);
  EXPECT_EQ(first.has_value(), again.has_value());
  if (!first) {
    EXPECT_EQ(first.error().message, again.error().message);
    EXPECT_EQ(first.error().code, Code::kInvalidArgument);
    EXPECT_TRUE(is_utf8(first.error().message)) << to_hex(first.error().message);
    EXPECT_LT(first.error().message.size(), 1024U);
  }
  EXPECT_FALSE(canonical_encoding(envelope).empty());
  if (!first) return false;
  EXPECT_FALSE(needs_newer_build(envelope));
  const NewRecord record = make_record(envelope, 8);
  v1::Envelope back;
  EXPECT_TRUE(decode(record.value, back));
  EXPECT_TRUE(validate(back, rules).has_value()) << "a valid envelope is valid after a round trip";
  return true;
}

TEST_F(Mutation, DamagedBytesAreDecodedAndJudgedWithoutACrash) {
  const pb::LogSilencer quiet;
  const Rules rules = testing::rules_of_a_new_log();
  const auto originals = seeds();
  int decoded = 0;
  int valid = 0;
  for (int round = 0; round < 300'000; ++round) {
    std::string bytes = originals[below(originals.size())];
    for (size_t i = 0, damages = 1 + below(4); i < damages; ++i) damage(bytes);
    v1::Envelope envelope;
    if (!decode(bytes, envelope)) continue;
    ++decoded;
    valid += survives(envelope, rules) ? 1 : 0;
    ASSERT_FALSE(HasFailure()) << "seed " << seed_ << " round " << round << " " << to_hex(bytes);
  }
  EXPECT_GT(decoded, 25'000) << "seed " << seed_;
  EXPECT_GT(valid, 2'500) << "seed " << seed_;
  EXPECT_LT(valid, decoded) << "seed " << seed_;
}

TEST_F(Mutation, FieldsAtTheirEdgesAreJudgedWithoutACrash) {
  const pb::LogSilencer quiet;
  const Rules rules = testing::rules_of_a_new_log();
  const auto originals = seeds();
  int valid = 0;
  constexpr int kRounds = 60'000;
  for (int round = 0; round < kRounds; ++round) {
    v1::Envelope envelope;
    ASSERT_TRUE(decode(originals[below(originals.size())], envelope));
    pb::Message* inner = &envelope;
    if (const auto* kind =
            envelope.GetReflection()->GetOneofFieldDescriptor(envelope, envelope.GetDescriptor()->oneof_decl(0));
        kind != nullptr && below(4) != 0) {
      inner = envelope.GetReflection()->MutableMessage(&envelope, kind);
    }
    for (size_t i = 0, changes = 1 + below(2); i < changes; ++i) change_field(*inner);
    valid += survives(envelope, rules) ? 1 : 0;
    ASSERT_FALSE(HasFailure()) << "seed " << seed_ << " round " << round << " " << envelope.ShortDebugString();
  }
  EXPECT_GT(valid, 100) << "seed " << seed_;
  EXPECT_LT(valid, kRounds) << "seed " << seed_;
}

}  // namespace
}  // namespace mnemo
