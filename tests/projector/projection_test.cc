#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "projector/store/outbox.h"
#include "tests/projector/fault_env.h"
#include "tests/projector/partition.h"

namespace mnemo::projector_test {
namespace {

using Kind = Outcome::Kind;

std::vector<OutboxBatch> outbox(const Partition& partition) {
  std::vector<OutboxBatch> batches;
  const std::string from = keys::start(keys::Row::kOutbox);
  EXPECT_TRUE(partition.view()->scan(from, prefix_end(from), [&](std::string_view /*key*/, std::string_view row) {
    EXPECT_TRUE(decode_outbox(row, batches.emplace_back()));
    return true;
  }));
  return batches;
}

v1::Envelope of_a_newer_build() {
  v1::Envelope envelope = remember("newer", "x");
  envelope.set_schema_version(kSchemaVersion + 1);
  return envelope;
}

TEST(Projection, ABatchIsAppliedWholeAndSeesItsOwnWrites) {
  Partition partition;
  partition.append(remember("a", "x"));
  partition.append(update("a", "y"));
  partition.append(keyed(remember("", "x"), "k"));
  partition.append(keyed(remember("", "x"), "k"));
  partition.append(forget("a"));
  partition.append(update("a", "z"));
  std::vector<Outcome> outcomes;
  ASSERT_TRUE(partition.apply_appended(&outcomes));
  std::vector<Kind> kinds;
  for (const Outcome& outcome : outcomes) kinds.push_back(outcome.kind);
  EXPECT_THAT(kinds, ::testing::ElementsAre(Kind::kApplied, Kind::kApplied, Kind::kApplied, Kind::kDuplicate,
                                            Kind::kApplied, Kind::kRejected));
}

TEST(Projection, RecordsBeforeTheAppliedPositionArePassedOver) {
  Partition partition;
  const v1::Envelope envelope = partition.completed(remember("a", "x"));
  partition.add(envelope);
  const Meta before = partition.meta();
  const NewRecord record = make_record(envelope, 1);
  const LogRecord again{{PartitionId(0), 1, before.next_offset - 1}, kStartMs, record.key, record.value};
  std::vector<Outcome> outcomes;
  ASSERT_TRUE(partition.projection().apply({&again, 1}, {}, &outcomes, true));
  EXPECT_TRUE(outcomes.empty());
  EXPECT_EQ(partition.meta().next_offset, before.next_offset);
  EXPECT_EQ(partition.meta().counters.duplicates, 0u);
}

TEST(Projection, ARecordThatHaltsLetsTheOnesBeforeItThroughOnce) {
  Partition partition;
  partition.append(remember("a", "x"));
  partition.append(remember("bad", ""));
  partition.append(of_a_newer_build());
  partition.append(remember("b", "x"));
  std::vector<Outcome> outcomes;
  const Status status = partition.apply_appended(&outcomes);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, ::testing::HasSubstr("0-1-4"));
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[1].kind, Kind::kSkipped);
  EXPECT_EQ(partition.meta().next_offset, 4u);
  EXPECT_EQ(partition.meta().counters.applied, 1u);
  EXPECT_TRUE(partition.memory("a"));
  EXPECT_FALSE(partition.memory("b"));
  const std::vector<OutboxBatch> announced = outbox(partition);
  ASSERT_EQ(announced.size(), 1u);
  EXPECT_EQ(announced[0].dead_letters.size(), 1u) << "the batch that was dropped announces nothing";
  EXPECT_EQ(announced[0].invalidations.size(), 1u);
  EXPECT_FALSE(partition.apply_appended()) << "it halts as long as the record stands there";
}

TEST(Projection, WhatWasFlushedSurvivesACrashAndTheRestIsReplayed) {
  Partition partition;
  partition.add(remember("a", "x"));
  ASSERT_TRUE(partition.projection().flush(true));
  const uint64_t durable = partition.meta().next_offset;
  partition.add(update("a", "y"));
  partition.add(remember("b", "x"));
  const Meta before = partition.meta();
  EXPECT_EQ(partition.projection().durable()->next_offset, durable);
  partition.crash();
  EXPECT_EQ(partition.meta().next_offset, durable);
  EXPECT_EQ(partition.memory("a")->record.text, "x");
  ASSERT_TRUE(partition.apply_appended());
  EXPECT_EQ(partition.meta().state, before.state);
  EXPECT_EQ(partition.meta().content, before.content);
  EXPECT_EQ(partition.meta().counters.applied, before.counters.applied);
}

TEST(Projection, DigestPointsAreTakenAtTheSameSeqWhateverTheBatches) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_digest_interval(3); });
  for (int i = 0; i < 20; ++i) partition.append(remember("m" + std::to_string(i), "x"));
  ASSERT_TRUE(partition.apply_appended());
  const std::vector<DigestPoint> points = partition.projection().points();
  ASSERT_EQ(points.size(), 6u);
  EXPECT_EQ(points[0].seq, 3u);
  EXPECT_EQ(points[0].offset, 5u);
  EXPECT_TRUE(points[0].settled);
  for (const size_t batch : {1, 2, 7}) EXPECT_EQ(partition.rebuilt(batch)->projection().points(), points);
}

TEST(Projection, KeepsTheNewest64DigestPoints) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_digest_interval(1); });
  for (int i = 0; i < 100; ++i) partition.append(remember("m" + std::to_string(i), "x"));
  ASSERT_TRUE(partition.apply_appended());
  const std::vector<DigestPoint> points = partition.projection().points();
  ASSERT_EQ(points.size(), kDigestPointsKept);
  EXPECT_EQ(points.front().seq, 37u);
  EXPECT_EQ(points.back().seq, 100u);
}

TEST(Projection, TheOutboxHoldsWhatABatchChangedUntilItIsDropped) {
  Partition partition;
  v1::Envelope mid = remember("b", "x");
  mid.mutable_remembered()->set_tier(v1::TIER_MID);
  partition.append(remember("a", "x"));
  partition.append(mid);
  partition.append(remember("c", "x"));
  ASSERT_TRUE(partition.apply_appended());
  partition.add(remember("c", "x"));  // a duplicate announces nothing
  partition.add(forget("a"));
  std::vector<OutboxBatch> announced = outbox(partition);
  ASSERT_EQ(announced.size(), 2u);
  EXPECT_EQ(announced[0].invalidations.size(), 2u);
  EXPECT_EQ(announced[0].invalidations[0], (Invalidation{3, 0, "acme", "nina", 2}));
  EXPECT_EQ(announced[0].invalidations[1], (Invalidation{4, 0, "acme", "nina", 1}))
      << "the last record that touched it";
  EXPECT_EQ(announced[0].epoch, 1u);
  EXPECT_EQ(announced[0].next_offset, 5u);

  partition.projection().drop_outbox_below(1);
  partition.add(remember("d", "x"));
  announced = outbox(partition);
  ASSERT_EQ(announced.size(), 2u);
  EXPECT_EQ(announced[0].next_offset, 7u);
  ASSERT_TRUE(partition.projection().flush(true));
  partition.crash();
  partition.projection().drop_outbox_below(partition.meta().outbox_next);
  partition.announce = false;
  partition.add(remember("e", "x"));
  EXPECT_TRUE(outbox(partition).empty());
}

// Whatever the batches: an id names one agent and tier, or one dead letter, for ever.
TEST(Projection, AnAnnouncementsIdHasOneMeaningHoweverBatchesAreCut) {
  Partition partition;
  partition.activate([](v1::RulesActivated& rules) { rules.set_work_units_per_event(3); });
  for (const char* agent : {"nina", "omar", "ada"}) {
    for (int i = 0; i < 4; ++i) {
      v1::Envelope memory = remember("m" + std::to_string(i), "x");
      memory.mutable_remembered()->set_tier(static_cast<v1::Tier>(1 + i % 3));
      memory.mutable_remembered()->set_expires_at_ms(kStartMs + 10);
      partition.add(of_agent(memory, agent));
    }
  }
  partition.now_ms += 20;
  for (int i = 0; i < 12; ++i) {
    partition.add(of_agent(remember("later" + std::to_string(i), "x"), i % 2 == 0 ? "nina" : "omar"));
    if (i % 3 == 0) partition.add(remember("bad", ""));
  }
  std::map<std::pair<uint64_t, uint32_t>, std::string> meanings;
  size_t told_twice = 0;
  for (const size_t batch : {1, 2, 5, 100}) {
    std::map<std::string, uint64_t> stale_up_to;
    for (const OutboxBatch& row : outbox(*partition.rebuilt(batch))) {
      for (const Invalidation& i : row.invalidations) {
        const std::string meaning = i.agent_id + std::to_string(i.tier);
        const auto [at, fresh] = meanings.try_emplace({i.offset, i.n}, meaning);
        EXPECT_EQ(at->second, meaning) << "record " << i.offset << " in batches of " << batch;
        told_twice += fresh ? 0 : 1;
        stale_up_to[meaning] = i.offset;
      }
      for (const DeadLetter& letter : row.dead_letters) {
        EXPECT_EQ(meanings.try_emplace({letter.offset, 0}, "dead").first->second, "dead");
      }
    }
    EXPECT_EQ(stale_up_to.size(), 9u) << "every agent and tier lost a memory or got one";
  }
  EXPECT_GT(told_twice, 20u);
}

TEST(Projection, AnAgentThatLeftMemoryIsReadAgain) {
  StateLimits limits;
  limits.agents_kept = 4;
  Partition partition({}, limits);
  Partition roomy;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 10; ++i) {
      for (Partition* const each : {&partition, &roomy}) {
        const std::string agent = "agent" + std::to_string(i);
        each->add(of_agent(remember("m" + std::to_string(round), "x"), agent));
        each->add(keyed(of_agent(update("m0", "y" + std::to_string(round)), agent), "k" + std::to_string(round)));
        if (i == 5) each->append(of_agent(remember("n" + std::to_string(round), "x"), "agent1"));
        if (i == 5) each->append(of_agent(remember("o" + std::to_string(round), "x"), "agent1"));
        if (i == 5) {
          EXPECT_TRUE(each->apply_appended());
        }
      }
    }
  }
  EXPECT_EQ(partition.meta().state, roomy.meta().state);
  EXPECT_EQ(partition.meta().counters.applied, roomy.meta().counters.applied);
}

TEST(Projection, WaitersGetWhatTheyWaitForOrTheReasonWhyNot) {
  using std::chrono::milliseconds;
  Partition partition;
  const auto soon = [](int ms) { return std::chrono::steady_clock::now() + milliseconds(ms); };
  Projection& projection = partition.projection();
  EXPECT_TRUE(projection.wait(2, soon(0)));
  EXPECT_EQ(projection.wait(3, soon(1)).error().code, Code::kDeadlineExceeded);
  std::jthread writer([&partition] { partition.add(remember("a", "x")); });
  EXPECT_TRUE(projection.wait(3, soon(60000)));
  writer.join();
  projection.set_halted(Error{Code::kDataLoss, "damaged", false});
  EXPECT_EQ(projection.wait(4, soon(60000)).error().code, Code::kDataLoss);
  EXPECT_TRUE(projection.wait(3, soon(0))) << "what is applied stays applied";
  projection.set_halted(std::nullopt);
  EXPECT_EQ(projection.wait(4, soon(1)).error().code, Code::kDeadlineExceeded);
}

TEST(Projection, AFailedRestartIsMadeGoodBeforeAnythingElseIsApplied) {
  FaultEnv files;
  Partition partition({.env = files.env()});
  partition.add(remember("a", "x"));
  ASSERT_TRUE(partition.projection().flush(true));  // so that the rows must be read from a file
  partition.append(remember("b", "x"));
  partition.append(of_a_newer_build());
  files.fail_reads(true);
  EXPECT_EQ(partition.apply_appended().error().code, Code::kUnavailable);
  EXPECT_EQ(partition.projection().refused(), std::nullopt) << "no record is to blame";
  files.fail_reads(false);
  EXPECT_EQ(partition.apply_appended().error().code, Code::kFailedPrecondition);
  EXPECT_EQ(partition.projection().refused(), partition.meta().next_offset);
  EXPECT_TRUE(partition.memory("b"));
  EXPECT_EQ(partition.meta().counters.applied, 2u);
  EXPECT_EQ(partition.rows(keys::Row::kSkip), 0u);
}

TEST(Projection, ABatchWhoseCommitFailsTellsNoOutcome) {
  FaultEnv files;
  Partition partition({.env = files.env()});
  partition.add(remember("a", "x"));
  files.fail_writes(true);
  EXPECT_FALSE(partition.projection().flush(true));
  partition.append(remember("b", "x"));
  partition.append(of_a_newer_build());
  for (const size_t records : {1, 2}) {
    std::vector<Outcome> outcomes;
    EXPECT_EQ(partition.apply_appended(&outcomes, records).error().code, Code::kUnavailable);
    EXPECT_TRUE(outcomes.empty());
  }
  EXPECT_FALSE(partition.memory("b"));
}

TEST(Projection, AfterAFailedFlushItIsOpenedAgainAndReplays) {
  FaultEnv files;
  Partition partition({.env = files.env()});
  partition.add(remember("a", "x"));
  ASSERT_TRUE(partition.projection().flush(true));
  const uint64_t durable = partition.meta().next_offset;
  partition.add(update("a", "y"));
  const Meta before = partition.meta();
  files.fail_writes(true);
  ASSERT_TRUE(partition.projection().flush(false)) << "it fails in the background";
  while (!partition.projection().failure()) std::this_thread::yield();
  EXPECT_EQ(partition.memory("a")->record.text, "y") << "what was applied can still be read";
  EXPECT_FALSE(partition.try_add(remember("b", "x")));
  files.fail_writes(false);
  EXPECT_FALSE(partition.apply_appended()) << "until it is opened again";
  ASSERT_TRUE(partition.projection().reopen());
  EXPECT_EQ(partition.projection().failure(), std::nullopt);
  EXPECT_EQ(partition.meta().next_offset, durable);
  ASSERT_TRUE(partition.apply_appended(nullptr, before.next_offset - durable));
  EXPECT_EQ(partition.meta().state, before.state);
  ASSERT_TRUE(partition.apply_appended());
  EXPECT_TRUE(partition.projection().flush(true));
  EXPECT_EQ(partition.rebuilt(1)->meta().state, partition.meta().state);
}

TEST(Projection, AViewOutlivesTheStoreItCameFrom) {
  FaultEnv files;
  Partition partition({.env = files.env()});
  partition.add(remember("a", "x"));
  files.fail_writes(true);
  ASSERT_FALSE(partition.projection().flush(true));
  std::jthread reader([&partition, view = partition.view()]() mutable {
    while (partition.projection().view()) std::this_thread::yield();  // until it is being closed
    EXPECT_TRUE(view->agent("acme", "nina")->has_value());
    view.reset();
  });
  files.fail_writes(false);
  while (!partition.projection().reopen()) std::this_thread::yield();
  EXPECT_TRUE(partition.projection().view());
}

TEST(Projection, AViewShowsOneMomentAndItsPosition) {
  Partition partition;
  partition.add(remember("a", "x"));
  const auto before = partition.view();
  partition.add(update("a", "y"));
  EXPECT_EQ(before->meta().next_offset + 1, partition.view()->meta().next_offset);
  const auto agent = before->agent("acme", "nina");
  std::string holder;
  Record record;
  const auto row = before->memory((*agent)->ord, std::string(1, '\0') + "a");
  ASSERT_TRUE(before->record((*agent)->ord, (*row)->doc, holder, record));
  EXPECT_EQ(record.text, "x");
}

}  // namespace
}  // namespace mnemo::projector_test
