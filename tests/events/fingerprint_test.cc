#include "events/fingerprint.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/events/sample_events.h"

namespace mnemo {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;

const json& golden() {
  static const json file = [] {
    std::ifstream in(MNEMO_GOLDEN_DIR "/fingerprints.json");
    return json::parse(in);
  }();
  return file;
}

v1::Envelope event_of(const json& test_case) {
  v1::Envelope envelope;
  const auto status = google::protobuf::util::JsonStringToMessage(test_case["event"].dump(), &envelope);
  EXPECT_TRUE(status.ok()) << test_case["name"] << status.ToString();
  return envelope;
}

FingerprintKey golden_key() {
  return FingerprintKey::from_bytes(from_hex(golden()["key"].get<std::string>()).value()).value();
}

// fingerprint.py shows that the same vectors come out of an independent implementation.
TEST(Fingerprints, EqualTheGoldenVectors) {
  const FingerprintKey key = golden_key();
  for (const json& test_case : golden()["cases"]) {
    const v1::Envelope envelope = event_of(test_case);
    EXPECT_EQ(to_hex(canonical_encoding(envelope)), test_case["canonical"].get<std::string>()) << test_case["name"];
    EXPECT_EQ(to_hex(key.fingerprint(envelope)), test_case["fingerprint"].get<std::string>()) << test_case["name"];
  }
  EXPECT_EQ(to_hex(key.check_value()), golden()["check_value"].get<std::string>());
}

TEST(Fingerprints, GoldenVectorsCoverEveryAgentKind) {
  std::set<int> kinds;
  for (const json& test_case : golden()["cases"]) kinds.insert(kind_of(event_of(test_case)));
  for (int kind = v1::EVENT_KIND_REMEMBERED; kind <= v1::EVENT_KIND_IMPORTED; ++kind) {
    EXPECT_TRUE(kinds.contains(kind)) << kind_name(static_cast<EventKind>(kind));
  }
  EXPECT_GE(golden()["cases"].size(), 25U);
}

// A case says which other it must equal; all the rest differ from each other.
TEST(Fingerprints, OnlyCasesThatAreTheSameRequestAgree) {
  std::map<std::string, std::string> first_with;
  for (const json& test_case : golden()["cases"]) {
    const auto [at, is_new] = first_with.emplace(test_case["fingerprint"], test_case["name"]);
    EXPECT_EQ(is_new ? "" : at->second, test_case.value("same_as", "")) << test_case["name"];
  }
}

TEST(Fingerprints, DoNotCoverIdsTimesKeysNorTraces) {
  const FingerprintKey key = golden_key();
  v1::Envelope envelope = testing::remembered();
  const Bytes16 before = key.fingerprint(envelope);
  envelope.set_event_id(std::string(16, 'z'));
  envelope.set_idempotency_key("k");
  envelope.set_recorded_at_ms(5);
  envelope.set_actor("a");
  envelope.set_policy_version(3);
  envelope.set_correlation_id("c");
  envelope.set_causation_id("c");
  envelope.set_traceparent("t");
  envelope.set_fingerprint(std::string(16, 'f'));
  EXPECT_EQ(key.fingerprint(envelope), before);
}

TEST(Fingerprints, DependOnTheSecret) {
  const v1::Envelope envelope = testing::remembered();
  const FingerprintKey a = FingerprintKey::random();
  const FingerprintKey b = FingerprintKey::random();
  EXPECT_NE(a.fingerprint(envelope), b.fingerprint(envelope));
  EXPECT_NE(a.check_value(), b.check_value());
  EXPECT_NE(a.check_value(), a.fingerprint(envelope));
}

TEST(Canonical, OfControlEventsAndOfNoneIsDefinedToo) {
  v1::Envelope envelope = testing::control_envelope();
  *envelope.mutable_rules_activated() = default_rules(1);
  EXPECT_GT(canonical_encoding(envelope).size(), 60U);
  EXPECT_EQ(to_hex(canonical_encoding(v1::Envelope())), "01000000");
}

class KeyFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "mnemo-key-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { fs::remove_all(directory_); }
  void write(const std::string& text) { std::ofstream(file(), std::ios::binary) << text; }
  fs::path file() const { return directory_ / "fingerprint.key"; }
  size_t files() const { return std::distance(fs::directory_iterator(directory_), fs::directory_iterator()); }

  fs::path directory_;
};

TEST_F(KeyFile, SavedKeyLoadsAgain) {
  const FingerprintKey key = FingerprintKey::random();
  ASSERT_TRUE(key.save(file()).has_value());
  EXPECT_EQ(FingerprintKey::load(file())->check_value(), key.check_value());
  EXPECT_EQ(files(), 1U) << "nothing else is left behind";
}

TEST_F(KeyFile, IsReadableByItsOwnerOnlyAndHoldsSixtyFourDigitsAndANewline) {
  ::umask(0);
  ASSERT_TRUE(golden_key().save(file()).has_value());
  struct stat status{};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  std::ifstream in(file());
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(text, golden()["key"].get<std::string>() + "\n");
}

TEST_F(KeyFile, IsNeverReplaced) {
  const FingerprintKey first = FingerprintKey::random();
  ASSERT_TRUE(first.save(file()).has_value());
  const Status second = FingerprintKey::random().save(file());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Code::kAlreadyExists);
  EXPECT_EQ(FingerprintKey::load(file())->check_value(), first.check_value());
  EXPECT_EQ(files(), 1U);
}

TEST_F(KeyFile, InAMissingDirectoryCannotBeSavedOrFound) {
  const fs::path nowhere = directory_ / "no" / "key";
  EXPECT_EQ(FingerprintKey::random().save(nowhere).error().code, Code::kUnavailable);
  EXPECT_EQ(FingerprintKey::load(nowhere).error().code, Code::kNotFound);
  EXPECT_THAT(FingerprintKey::load(nowhere).error().message, HasSubstr(nowhere.string()));
}

TEST_F(KeyFile, OfAnythingElseIsRefusedByName) {
  const std::string good = golden()["key"];
  for (const std::string& text : {std::string(), std::string("\n"), good.substr(1), good + "0", good + "\n\n",
                                  good + "\r\n", " " + good, std::string(64, 'g'), std::string(100'000, 'a')}) {
    write(text);
    const auto key = FingerprintKey::load(file());
    ASSERT_FALSE(key.has_value()) << text.substr(0, 80);
    EXPECT_EQ(key.error().code, Code::kInvalidArgument);
    EXPECT_THAT(key.error().message, HasSubstr(file().string()));
  }
  write(good);
  EXPECT_TRUE(FingerprintKey::load(file()).has_value()) << "the newline may be missing";
}

TEST(FingerprintKey, HasThirtyTwoBytes) {
  EXPECT_FALSE(FingerprintKey::from_bytes("short").has_value());
  EXPECT_FALSE(FingerprintKey::from_bytes(std::string(33, 'k')).has_value());
  EXPECT_TRUE(FingerprintKey::from_bytes(std::string(32, 'k')).has_value());
}

}  // namespace
}  // namespace mnemo
