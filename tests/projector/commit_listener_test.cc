// Who keeps answers is told of each batch between its write and the publication of its position.
#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

#include "tests/projector/fault_env.h"
#include "tests/projector/partition.h"

namespace mnemo::projector_test {
namespace {

using AgentsAndTiers = std::vector<std::pair<std::string, int>>;

// A partition that notes what its listener is told, from when it is watched.
class Listened {
 public:
  explicit Listened(rocksdb::Env* env = nullptr)
      : partition_({.env = env, .on_commit = [this](PartitionId, const Touched& touched) { note(touched); }}) {
    told_.clear();
    watched_ = true;
  }

  struct Told {
    Touched::Extent extent = Touched::Extent::kAgents;
    AgentsAndTiers agents;
    uint64_t shown = 0;      // by a view taken at that moment; 0: none could be
    uint64_t published = 0;  // at that moment
  };
  Partition& partition() { return partition_; }
  std::vector<Told> take() { return std::exchange(told_, {}); }

 private:
  void note(const Touched& touched) {
    Told told;
    told.extent = touched.extent;
    for (const Invalidation& each : touched.agents) told.agents.emplace_back(each.agent_id, each.tier);
    if (watched_) {
      const auto view = partition_.projection().view();
      told.shown = view ? (*view)->meta().next_offset : 0;
      told.published = partition_.meta().next_offset;
    }
    told_.push_back(std::move(told));
  }

  bool watched_ = false;
  std::vector<Told> told_;
  Partition partition_;
};

TEST(CommitListener, IsToldBetweenTheWriteAndThePublication) {
  Listened listened;
  const uint64_t before = listened.partition().meta().next_offset;
  listened.partition().append(remember("a", "x"));
  listened.partition().append(of_agent(remember("b", "x"), "omar"));
  ASSERT_TRUE(listened.partition().apply_appended());
  const auto told = listened.take();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].shown, before + 2) << "it is written";
  EXPECT_EQ(told[0].published, before) << "and nobody has been told the position";
  EXPECT_EQ(told[0].extent, Touched::Extent::kAgents);
  EXPECT_EQ(told[0].agents, (AgentsAndTiers{{"nina", 1}, {"omar", 1}}));
}

TEST(CommitListener, IsToldWithoutAnOutbox) {
  Listened listened;
  listened.partition().announce = false;
  listened.partition().add(remember("a", "x"));
  EXPECT_EQ(listened.take().at(0).agents, (AgentsAndTiers{{"nina", 1}}));
}

TEST(CommitListener, NamesEveryoneWhomAnEventTouches) {
  Listened listened;
  Partition& partition = listened.partition();
  const auto touched_by = [&](v1::Envelope envelope) {
    listened.take();
    partition.add(std::move(envelope));
    return listened.take().at(0).agents;
  };
  v1::Envelope aging = remember("a", "x");
  aging.mutable_remembered()->set_expires_at_ms(kStartMs + 10);
  const AgentsAndTiers nina{{"nina", 1}};
  EXPECT_EQ(touched_by(aging), nina);
  EXPECT_EQ(touched_by(update("a", "y")), nina);
  EXPECT_EQ(touched_by(remember("b", "x")), nina);
  EXPECT_EQ(touched_by(forget("b")), nina);
  EXPECT_EQ(touched_by(forget_tag("t")), (AgentsAndTiers{{"nina", 1}, {"nina", 2}, {"nina", 3}}));
  EXPECT_EQ(touched_by(forget("nobody")), AgentsAndTiers{});
  EXPECT_EQ(touched_by(access("a", 1)), AgentsAndTiers{}) << "counting changes no answer";
}

TEST(CommitListener, RulesAndPoliciesTouchEveryone) {
  Listened listened;
  listened.partition().add(policy("acme", 1, kDayMs));
  EXPECT_EQ(listened.take().at(0).extent, Touched::Extent::kPartition);
  listened.partition().activate([](v1::RulesActivated&) {});
  EXPECT_EQ(listened.take().at(0).extent, Touched::Extent::kPartition);
  listened.partition().add(remember("a", "x"));
  EXPECT_EQ(listened.take().at(0).extent, Touched::Extent::kAgents) << "once is enough";
  listened.partition().tick(kStartMs);
  EXPECT_EQ(listened.take().at(0).extent, Touched::Extent::kAgents) << "time alone touches nobody";
}

TEST(CommitListener, HearsNothingOfABatchThatWasNotWrittenAndOfEverythingWhenRowsFallBack) {
  FaultEnv files;
  Listened listened(files.env());
  Partition& partition = listened.partition();
  partition.add(remember("a", "x"));
  ASSERT_TRUE(partition.projection().flush(true));
  const uint64_t durable = partition.meta().next_offset;
  partition.add(remember("b", "x"));
  files.fail_writes(true);
  ASSERT_FALSE(partition.projection().flush(true));
  listened.take();
  EXPECT_FALSE(partition.try_add(remember("c", "x")));
  EXPECT_TRUE(listened.take().empty());

  files.fail_writes(false);
  ASSERT_TRUE(partition.projection().reopen());
  const auto told = listened.take();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].extent, Touched::Extent::kOpening);
  EXPECT_GT(told[0].published, durable);
  EXPECT_NE(told[0].shown, durable) << "before a view can show the older rows";
  EXPECT_EQ(told[1].extent, Touched::Extent::kPartition);
  EXPECT_EQ(told[1].shown, durable);
  EXPECT_EQ(told[1].published, durable) << "they belong together again";
  EXPECT_EQ(partition.meta().next_offset, durable);
}

TEST(CommitListener, OpeningTouchesEveryone) {
  int everything = 0;
  Partition partition({.on_commit = [&](PartitionId, const Touched& touched) {
    everything += touched.extent == Touched::Extent::kPartition ? 1 : 0;
  }});
  const int before = everything;
  EXPECT_GE(before, 1);
  partition.crash();
  EXPECT_EQ(everything, before + 1);
}

}  // namespace
}  // namespace mnemo::projector_test
