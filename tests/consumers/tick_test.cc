#include "consumers/tick.h"

#include <gtest/gtest.h>

#include "consumers/project.h"
#include "tests/consumers/fixture.h"

namespace mnemo::consumers_test {
namespace {

class TickTest : public ConsumersTest {
 protected:
  TickTest() : resources_(32 << 20) {
    std::filesystem::create_directories(dir_);
    ProjectionOptions options;
    options.store.dir = dir_;
    options.store.resources = &resources_;
    options.log = log_.identity();
    projection_ = Projection::open(options).value();
    role_ = std::make_unique<ProjectRole>(*projection_, ProjectOptions{});
  }

  void follow() {
    const uint64_t end = log_.end(PartitionId(0)).value();
    const auto follower = Follower::open(log_, PartitionId(0), projection_->applied().next_offset, *role_, {});
    ASSERT_TRUE(follower);
    ASSERT_TRUE((*follower)->run_to(end));
  }

  StoreResources resources_;
  std::unique_ptr<Projection> projection_;
  std::unique_ptr<ProjectRole> role_;
};

// Nobody writes any more, but index rows still hold words of memories that were forgotten: ticks go on until they do
// not.
TEST_F(TickTest, TicksUntilTheIndexIsClean) {
  for (int i = 0; i < 256; ++i) append(remember("k" + std::to_string(i)));
  // All of them at once: the queue of the index grows faster than events work it off.
  v1::Envelope all = remember("");
  v1::Condition& condition = *all.mutable_forgotten_by_filter()->mutable_filter()->mutable_condition();
  condition.set_field(v1::Condition::KIND);
  condition.set_op(v1::Condition::EQ);
  condition.add_values()->set_text("event");
  append(all);
  follow();
  while (!projection_->applied().settled()) {
    v1::Envelope envelope;
    envelope.set_event_id(as_string(ids_.next()));
    envelope.set_schema_version(kSchemaVersion);
    envelope.mutable_remembered()->mutable_text()->set_plain("more");
    envelope.set_namespace_("acme");
    envelope.set_agent_id("omar");
    append(envelope);
    follow();
  }
  ASSERT_EQ(projection_->applied().counters.forgotten, 256u);
  ASSERT_FALSE(projection_->applied().index.empty());
  Ticker ticker(log_, clock_, ids_);
  while (!projection_->applied().idle()) {
    ASSERT_TRUE(ticker.tick_if_due(*projection_));
    follow();
  }
  EXPECT_TRUE(projection_->applied().index.empty());
}

}  // namespace
}  // namespace mnemo::consumers_test
