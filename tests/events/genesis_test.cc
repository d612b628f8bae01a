#include "events/genesis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "events/envelope.h"
#include "events/rules.h"

namespace mnemo {
namespace {

using ::testing::HasSubstr;

class Genesis : public ::testing::Test {
 protected:
  std::vector<NewRecord> records() { return genesis_records(identity_, check_, clock_, ids_); }
  static v1::Envelope envelope(const NewRecord& record) {
    v1::Envelope envelope;
    EXPECT_TRUE(decode(record.value, envelope));
    return envelope;
  }

  ManualClock clock_{1'700'000'000'000};
  UuidGenerator ids_{clock_, 7};
  LogIdentity identity_{.log_id = {1, 2, 3}, .epoch = 2, .partitions = 3};
  Bytes16 check_{9, 8, 7};
};

TEST_F(Genesis, GivesEveryPartitionItsEpochAndThenItsRules) {
  const auto made = records();
  ASSERT_EQ(made.size(), 6U);
  for (uint32_t partition = 0; partition < 3; ++partition) {
    const v1::Envelope epoch = envelope(made[2 * partition]);
    const v1::Envelope rules = envelope(made[2 * partition + 1]);
    EXPECT_EQ(made[2 * partition].partition, PartitionId{partition});
    EXPECT_EQ(made[2 * partition + 1].partition, PartitionId{partition});
    EXPECT_EQ(made[2 * partition].key, kControlKey);
    EXPECT_EQ(epoch.epoch_started().partition(), partition);
    EXPECT_EQ(epoch.epoch_started().epoch(), 2U);
    EXPECT_EQ(epoch.epoch_started().partitions(), 3U);
    EXPECT_EQ(bytes16(epoch.epoch_started().log_id()), identity_.log_id);
    EXPECT_EQ(bytes16(epoch.epoch_started().fingerprint_check()), check_);
    EXPECT_EQ(rules.rules_activated().SerializeAsString(), default_rules(partition).SerializeAsString());
    EXPECT_EQ(rules.recorded_at_ms(), 1'700'000'000'000);
  }
}

TEST_F(Genesis, RecordsAreValidBeforeAnyRulesAreInForceAndHaveTheirOwnIds) {
  std::set<std::string> ids;
  for (const NewRecord& record : records()) {
    EXPECT_TRUE(validate(envelope(record), Rules{}).has_value());
    ids.insert(envelope(record).event_id());
  }
  EXPECT_EQ(ids.size(), 6U);
}

TEST_F(Genesis, CheckAcceptsThisLogsOwnRecord) {
  EXPECT_TRUE(check_genesis(records()[2].value, PartitionId{1}, identity_, check_).has_value());
}

TEST_F(Genesis, CheckNamesWhatIsAnotherLogs) {
  const std::string value = records()[2].value;
  const auto refusal = [&](PartitionId partition, const LogIdentity& identity, const Bytes16& check) {
    const Status status = check_genesis(value, partition, identity, check);
    EXPECT_FALSE(status.has_value());
    if (status) return std::string();
    EXPECT_EQ(status.error().code, Code::kFailedPrecondition);
    return status.error().message;
  };
  EXPECT_THAT(refusal(PartitionId{0}, identity_, check_), HasSubstr("partition 1 of 3, not 0 of 3"));
  LogIdentity other = identity_;
  other.log_id[0] ^= 1;
  EXPECT_THAT(refusal(PartitionId{1}, other, check_), HasSubstr("log id"));
  other = identity_;
  other.epoch = 3;
  EXPECT_THAT(refusal(PartitionId{1}, other, check_), HasSubstr("epoch is 2, not 3"));
  other = identity_;
  other.partitions = 4;
  EXPECT_THAT(refusal(PartitionId{1}, other, check_), HasSubstr("1 of 3, not 1 of 4"));
  EXPECT_THAT(refusal(PartitionId{1}, identity_, Bytes16{}), HasSubstr("fingerprint.key"));
}

TEST_F(Genesis, CheckRefusesARecordThatIsNoEpochStartedAsDamage) {
  for (const std::string& value : {records()[3].value, std::string(), std::string("\xff\xff")}) {
    const Status status = check_genesis(value, PartitionId{1}, identity_, check_);
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().code, Code::kDataLoss);
  }
}

}  // namespace
}  // namespace mnemo
