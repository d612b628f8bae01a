// File: tests/consumers/fixture.h
// A log in memory with its genesis, a clock that stands still, and a directory that goes with the test.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "events/envelope.h"
#include "events/fingerprint.h"
#include "events/genesis.h"
#include "events/log_memory.h"
#include "events/uuid.h"

namespace mnemo::consumers_test {

inline std::string as_string(const Bytes16& bytes) { return {bytes.begin(), bytes.end()}; }

class ConsumersTest : public ::testing::Test {
 protected:
  ConsumersTest() : ConsumersTest(1) {}
  explicit ConsumersTest(uint32_t partitions)
      : log_({.partitions = partitions, .log_id = {7}, .clock = &clock_}), dir_(::testing::TempDir() + test_name()) {
    std::filesystem::remove_all(dir_);
    const auto done = append_and_wait(log_, genesis_records(log_.identity(), key_.check_value(), clock_, ids_));
    EXPECT_TRUE(done);
  }
  ~ConsumersTest() override { std::filesystem::remove_all(dir_); }

  v1::Envelope remember(const std::string& key, const std::string& agent = "nina") {
    v1::Envelope envelope;
    envelope.set_event_id(as_string(ids_.next()));
    envelope.set_schema_version(kSchemaVersion);
    envelope.set_namespace_("acme");
    envelope.set_agent_id(agent);
    envelope.set_idempotency_key(key);
    envelope.mutable_remembered()->mutable_text()->set_plain("words of " + key);
    return envelope;
  }
  Position append(const v1::Envelope& envelope) {
    const auto done = append_and_wait(log_, {make_record(envelope, log_.identity().partitions)});
    EXPECT_TRUE(done);
    return done->front().position;
  }
  void skip(const Position& position) {
    v1::Envelope envelope;
    envelope.set_event_id(as_string(ids_.next()));
    envelope.set_schema_version(kSchemaVersion);
    v1::SkipRecorded& e = *envelope.mutable_skip_recorded();
    e.set_partition(position.partition.value);
    e.set_epoch(position.epoch);
    e.set_offset(position.offset);
    e.set_reason("a test");
    append(envelope);
  }

  ManualClock clock_{1'700'000'000'000};
  UuidGenerator ids_{clock_, 5};
  FingerprintKey key_ = FingerprintKey::from_bytes(std::string(32, 'k')).value();
  MemoryLog log_;
  std::filesystem::path dir_;

 private:
  static std::string test_name() {
    const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    return std::string("mnemo-") + test->test_suite_name() + "-" + test->name();
  }
};

}  // namespace mnemo::consumers_test
