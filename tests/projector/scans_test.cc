// Where the state machine reads rows from: what it removed before must not be walked over again and again.
#include <gtest/gtest.h>

#include <map>

#include "events/genesis.h"
#include "projector/state_machine.h"
#include "projector/store/record_index.h"
#include "projector/store/tail.h"
#include "tests/projector/partition.h"
#include "tests/store/map_rows.h"

namespace mnemo::projector_test {
namespace {

// Rows that note where scans begin, and who asks for the last of some.
class SpyRows final : public RowWriter {
 public:
  Result<bool> get(std::string_view key, std::string& value) const override {
    ++gets_[key[0]];
    return rows_.get(key, value);
  }
  Status scan(std::string_view from, std::string_view to, const Visit& visit) const override {
    scans_[from[0]].emplace_back(from);
    return rows_.scan(from, to, visit);
  }
  Result<bool> last(std::string_view from, std::string_view to, std::string& key, std::string& value) const override {
    ++lasts_[from[0]];
    return rows_.last(from, to, key, value);
  }
  void put(std::string_view key, std::string_view value) override { rows_.put(key, value); }
  void erase(std::string_view key) override { rows_.erase(key); }
  const RowReader& committed() const override { return rows_; }

  // Beginnings of scans of this kind of row, and how often its last was asked for, since the last call.
  std::vector<std::string> take_scans(keys::Row row) { return std::exchange(scans_[static_cast<char>(row)], {}); }
  int lasts(keys::Row row) { return lasts_[static_cast<char>(row)]; }
  int gets(keys::Row row) { return gets_[static_cast<char>(row)]; }

 private:
  MapRows rows_;
  mutable std::map<char, std::vector<std::string>> scans_;
  mutable std::map<char, int> lasts_;
  mutable std::map<char, int> gets_;
};

class Scans : public ::testing::Test {
 protected:
  Scans() : tails_(1 << 20), index_(tails_, PartitionId(0), load_from_records()) {
    log_.log_id.fill(0x4c);
    log_.partitions = 1;
    limits_.skip_rows_kept = 3;
    limits_.agents_kept = 1;
    limits_.policies_kept = 2;
    machine_ = std::make_unique<StateMachine>(log_, PartitionId(0), rows_, index_, limits_);
    EXPECT_TRUE(machine_->load());
    const ManualClock clock(kStartMs);
    UuidGenerator ids(clock, 1);
    for (const NewRecord& record : genesis_records(log_, Bytes16{}, clock, ids)) apply(record);
  }

  void apply(const NewRecord& record) {
    const LogRecord at{{PartitionId(0), 1, next_++}, now_ms_, record.key, record.value};
    Outcome outcome;
    const Status applied = machine_->apply(at, false, outcome);
    ASSERT_TRUE(applied) << applied.error().message;
  }
  void apply(v1::Envelope envelope) {
    std::string id(8, '\x01');
    put_be64(id, next_);
    envelope.set_event_id(id);
    envelope.set_schema_version(kSchemaVersion);
    apply(make_record(envelope, 1));
  }

  LogIdentity log_;
  StateLimits limits_;
  SpyRows rows_;
  TailCache tails_;
  IndexWriter index_;
  std::unique_ptr<StateMachine> machine_;
  uint64_t next_ = 0;
  TimestampMs now_ms_ = kStartMs;
};

TEST_F(Scans, TheNextExpiryIsLookedForBehindTheLastOne) {
  for (int i = 0; i < 50; ++i) {
    v1::Envelope envelope = remember("m" + std::to_string(i), "x");
    envelope.mutable_remembered()->set_expires_at_ms(kStartMs + 1000 + i);
    apply(envelope);
  }
  rows_.take_scans(keys::Row::kExpiry);
  for (int i = 40; i < 50; ++i) apply(forget("m" + std::to_string(i)));
  EXPECT_TRUE(rows_.take_scans(keys::Row::kExpiry).empty()) << "none of them was the first";
  now_ms_ = kStartMs + 5000;
  for (int i = 0; i < 10; ++i) apply(remember("n" + std::to_string(i), "x"));
  const std::vector<std::string> scans = rows_.take_scans(keys::Row::kExpiry);
  ASSERT_EQ(scans.size(), 40u);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(scans[i], keys::of_expiry(kStartMs + 1000 + i, AgentOrd(0), i));
}

TEST_F(Scans, ALinkIsLookedForBehindTheOneRemovedBefore) {
  apply(remember("hub", "x"));
  for (int i = 0; i < 60; ++i) {
    apply(remember("m" + std::to_string(i), "x"));
    apply(link("m" + std::to_string(i), "hub"));
  }
  rows_.take_scans(keys::Row::kBacklink);
  apply(forget("hub"));
  for (int i = 0; i < 10; ++i) apply(remember("n" + std::to_string(i), "x"));
  const std::vector<std::string> scans = rows_.take_scans(keys::Row::kBacklink);
  ASSERT_EQ(scans.size(), 61u);
  EXPECT_TRUE(std::is_sorted(scans.begin(), scans.end()));
  EXPECT_EQ(std::adjacent_find(scans.begin(), scans.end()), scans.end()) << "each begins behind the one before";
}

TEST_F(Scans, TheOldestSkipReportIsLookedForBehindTheOneBefore) {
  for (int i = 0; i < 30; ++i) apply(remember("bad", ""));
  const std::vector<std::string> scans = rows_.take_scans(keys::Row::kSkip);
  ASSERT_EQ(scans.size(), 27u);
  EXPECT_EQ(std::adjacent_find(scans.begin(), scans.end()), scans.end());
  EXPECT_TRUE(std::is_sorted(scans.begin(), scans.end()));
}

// Records of the batch are not kept in order: how many documents an agent has is read from below the batch.
TEST_F(Scans, AnAgentThatLeftMemoryIsReadWithoutTheBatch) {
  apply(remember("a", "x"));
  apply(of_agent(remember("a", "x"), "omar"));
  machine_->finish_batch(false);
  machine_->trim();
  apply(remember("b", "x"));
  EXPECT_EQ(rows_.lasts(keys::Row::kRecord), 0);
  std::string row;
  EXPECT_TRUE(*rows_.get(keys::of_number(keys::Row::kRecord, AgentOrd(0), 1), row))
      << "it is known to have one already";
}

TEST_F(Scans, PoliciesOfManyNamespacesDoNotStayInMemory) {
  const auto remember_in = [this](const std::string& name_space) {
    v1::Envelope envelope = remember("m" + std::to_string(next_), "x");
    envelope.set_namespace_(name_space);
    apply(envelope);
  };
  for (const char* name_space : {"a", "b", "a", "b"}) remember_in(name_space);
  EXPECT_EQ(rows_.gets(keys::Row::kPolicy), 2);
  machine_->trim();
  remember_in("a");
  EXPECT_EQ(rows_.gets(keys::Row::kPolicy), 2) << "two may stay";
  remember_in("c");
  machine_->trim();
  remember_in("a");
  EXPECT_EQ(rows_.gets(keys::Row::kPolicy), 4);
}

// Written anew by each event that does a piece of it, so it must not hold the filter.
TEST_F(Scans, TheWorkRowOfAForgetIsSmallWhateverItsFilter) {
  v1::Envelope envelope = forget_tag("t");
  v1::Condition& condition = *envelope.mutable_forgotten_by_filter()->mutable_filter()->mutable_condition();
  condition.set_op(v1::Condition::ANY);
  for (int i = 0; i < 200; ++i) condition.add_values()->set_text(std::string(200, 'v'));
  for (int i = 0; i < 30; ++i) apply(remember("m" + std::to_string(i), "x"));
  apply(envelope);
  std::string row;
  ASSERT_TRUE(*rows_.get(keys::of_sequence(keys::Row::kPending, machine_->meta().pending_first), row));
  EXPECT_LT(row.size(), 100u);
}

}  // namespace
}  // namespace mnemo::projector_test
