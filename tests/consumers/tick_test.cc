#include "consumers/tick.h"

#include <gmock/gmock.h>

#include "consumers/project.h"
#include "tests/consumers/fixture.h"

namespace mnemo::consumers_test {
namespace {

class TickerTest : public ConsumersTest {
 protected:
  TickerTest() : resources_(32 << 20), ticker_(log_, clock_, ids_) {
    std::filesystem::create_directories(dir_);
    ProjectionOptions options;
    options.store.dir = dir_;
    options.store.resources = &resources_;
    options.log = log_.identity();
    projection_ = Projection::open(options).value();
  }

  // Applies all that is on the log.
  void catch_up() {
    ProjectRole role(*projection_, {});
    const auto follower = Follower::open(log_, PartitionId(0), projection_->applied().next_offset, role, {});
    ASSERT_TRUE((*follower)->run_to(end()));
  }
  uint64_t end() const { return log_.end(PartitionId(0)).value(); }
  // How many ticks one look appends.
  uint64_t ticks() {
    const uint64_t before = end();
    EXPECT_TRUE(ticker_.tick_if_due(*projection_));
    return end() - before;
  }
  // `words`: of each memory, that no other has.
  void remember_many(int from, int memories, TimestampMs expires_at_ms = 0, int words = 0) {
    std::vector<NewRecord> records;
    for (int i = from; i < from + memories; ++i) {
      v1::Envelope envelope = remember("k" + std::to_string(i));
      envelope.mutable_remembered()->add_tags("draft");
      std::string& text = *envelope.mutable_remembered()->mutable_text()->mutable_plain();
      for (int word = 0; word < words; ++word) text += " w" + std::to_string(i) + "x" + std::to_string(word);
      if (expires_at_ms != 0) envelope.mutable_remembered()->set_expires_at_ms(expires_at_ms);
      records.push_back(make_record(envelope, 1));
    }
    ASSERT_TRUE(append_and_wait(log_, std::move(records)));
    catch_up();
  }
  void forget_drafts() {
    v1::Envelope envelope = remember("forget");
    v1::Condition& condition = *envelope.mutable_forgotten_by_filter()->mutable_filter()->mutable_condition();
    condition.set_field(v1::Condition::TAG);
    condition.set_op(v1::Condition::EQ);
    condition.add_values()->set_text("draft");
    append(envelope);
    catch_up();
  }
  bool has_index_work() const {
    bool any = false;
    const std::string from = keys::start(keys::Row::kIndexWork);
    EXPECT_TRUE(projection_->store().rows().scan(from, prefix_end(from), [&any](std::string_view, std::string_view) {
      any = true;
      return false;
    }));
    return any;
  }

  StoreResources resources_;
  std::unique_ptr<Projection> projection_;
  Ticker ticker_;
};

TEST_F(TickerTest, AppendsNothingWhereNothingIsToBeDone) {
  EXPECT_EQ(ticks(), 0U) << "no rules yet";
  catch_up();
  remember_many(0, 10, clock_.now_ms() + 1000);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ticks(), 0U);
}

TEST_F(TickerTest, AppendsAsManyAsTheWorkInSightTakesAndNoMore) {
  remember_many(0, 2000);
  forget_drafts();
  const uint32_t units = projection_->rules()->work_units_per_event;
  const uint64_t first = ticks();
  EXPECT_GE(first, (2000 - units) / units);
  EXPECT_LE(first, Ticker::kTicksMax);
  EXPECT_EQ(ticks(), 0U) << "until these have been applied";
  catch_up();
  int rounds = 1;
  while (!projection_->applied().settled() || has_index_work()) {
    ASSERT_LT(++rounds, 200);
    EXPECT_GT(ticks(), 0U);
    catch_up();
  }
  EXPECT_EQ(projection_->applied().counters.memories, 0U);
  EXPECT_EQ(ticks(), 0U);
}

TEST_F(TickerTest, AsManyAsExpiriesAreDue) {
  remember_many(0, 100, clock_.now_ms() + 1000);
  EXPECT_EQ(ticks(), 0U);
  clock_.advance_ms(2000);
  const uint32_t units = projection_->rules()->work_units_per_event;
  EXPECT_EQ(ticks(), (100 + units - 1) / units);
}

TEST_F(TickerTest, DrivesTheIndexOnAPartitionThatIsIdle) {
  remember_many(0, 8 * 256, 0, 40);  // the last one completes a segment: a merge of many steps is queued
  ASSERT_TRUE(has_index_work());
  ASSERT_TRUE(projection_->applied().settled());
  for (int i = 0; has_index_work(); ++i) {
    ASSERT_LT(i, 100);
    EXPECT_EQ(ticks(), 1U);
    catch_up();
  }
  EXPECT_EQ(ticks(), 0U);
}

}  // namespace
}  // namespace mnemo::consumers_test
