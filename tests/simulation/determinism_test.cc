// One fixed stream of every kind of event, and what it must come to: on every compiler, in every build, whatever the
// batches, wherever the process crashes. The digests below are part of the format: when one changes, so does what a
// log means, and rules_version or the projection version must change with it.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/simulation/generator.h"
#include "tests/simulation/partition_counts.h"

namespace mnemo::simulation {
namespace {

constexpr size_t kEvents = 20000;
constexpr uint64_t kSeed = 20240229;

// `operations`: of a log whose first rules activate operations; the others are older.
struct Golden {
  uint32_t partitions;
  bool operations;
  std::string_view state;
  std::string_view content;
};
constexpr Golden kGolden[] = {
    {1, false, "acf67d0b20cb70fbdaa315e5d9c57348", "1ce46c95c16619fb3dda50dacb29d216"},
    {8, false, "c546b0372aff8a11db820704d69c094b", "1ce46c95c16619fb3dda50dacb29d216"},
    {1, true, "2eff2c42ee237c53905937236d2d16f2", "63292ed6bd275083c8e5b5ad66cbae05"},
    {8, true, "2ff237fa0aa5cf6840fbbdafbbe7b130", "63292ed6bd275083c8e5b5ad66cbae05"},
};

bool is_operation(int kind) {
  return kind >= v1::EVENT_KIND_OPERATION_STARTED && kind <= v1::EVENT_KIND_OPERATION_FINISHED;
}

v1::Envelope opened(const NewRecord& record) {
  v1::Envelope envelope;
  MNEMO_CHECK(decode(record.value, envelope));
  return envelope;
}

// What a producer that knows its clock sends; genesis first.
std::vector<v1::Envelope> fixed_stream(bool operations) {
  Random random(kSeed);
  Temper temper;
  temper.agents = 24;
  temper.garbage_per_mille = 0;
  temper.astray_per_mille = 0;
  ManualClock clock(1'700'000'000'000);
  LogIdentity log;
  Generator generator(random, temper, clock, log);
  v1::RulesActivated rules = default_rules(0);
  rules.set_key_window(100);
  rules.set_work_units_per_event(2);
  rules.set_digest_interval(256);
  rules.set_links_per_memory_max(8);
  if (!operations) {
    auto& kinds = *rules.mutable_active_kinds();
    kinds.erase(std::remove_if(kinds.begin(), kinds.end(), is_operation), kinds.end());
  }
  generator.set_rules(rules);

  std::vector<v1::Envelope> stream(2);
  v1::EpochStarted& epoch = *stream[0].mutable_epoch_started();
  epoch.set_epoch(1);
  epoch.set_fingerprint_check(std::string(16, 'c'));
  *stream[1].mutable_rules_activated() = rules;
  while (stream.size() < kEvents) {
    clock.advance_ms(static_cast<int64_t>(random.below(40)));
    const uint64_t draw = random.below(1000);
    if (draw < 4) {
      stream.push_back(opened(generator.rules_change()[0]));
    } else if (draw < 8) {
      stream.push_back(opened(generator.policy_change()[0]));
    } else if (draw < 20) {
      stream.push_back(opened(generator.tick(PartitionId(0))));
    } else if (operations && draw < 60) {
      stream.push_back(opened(generator.operation_event()));
    } else {
      stream.push_back(opened(generator.record()));
    }
    // Rules may activate kinds that this build knows by name only; an event of one would halt it.
    if (!kind_supported(kind_of(stream.back()))) {
      stream.pop_back();
      continue;
    }
    stream.back().set_recorded_at_ms(clock.now_ms());
  }
  for (size_t i = 0; i < 2; ++i) {
    stream[i].set_event_id(std::string(15, 'g') + std::to_string(i));
    stream[i].set_schema_version(kSchemaVersion);
    stream[i].set_recorded_at_ms(1'700'000'000'000);
  }
  return stream;
}

const std::vector<v1::Envelope>& stream(bool operations) {
  static const std::vector<v1::Envelope> with = fixed_stream(true);
  static const std::vector<v1::Envelope> without = fixed_stream(false);
  return operations ? with : without;
}

class Determinism : public ::testing::TestWithParam<Golden> {};

TEST_P(Determinism, TheFixedStreamComesToTheSameDigestsWhateverTheBatchesAndCrashes) {
  Rerun rerun(stream(GetParam().operations), GetParam().partitions);
  ASSERT_TRUE(rerun.settle());
  for (const size_t batch : {1, 7, 5000}) {
    const Result<Digests> digests = rerun.project(batch);
    ASSERT_TRUE(digests) << digests.error().message;
    EXPECT_EQ(to_hex(digests->state), GetParam().state) << "in batches of " << batch;
    EXPECT_EQ(to_hex(digests->content), GetParam().content) << "in batches of " << batch;
    const Result<Digests> crashed = rerun.project(batch, 20011 / GetParam().partitions / 5);
    ASSERT_TRUE(crashed) << crashed.error().message;
    EXPECT_EQ(*crashed, *digests) << "with crashes, in batches of " << batch;
  }
}

INSTANTIATE_TEST_SUITE_P(Partitions, Determinism, ::testing::ValuesIn(kGolden), [](const auto& parameter) {
  return std::to_string(parameter.param.partitions) + (parameter.param.operations ? "WithOperations" : "");
});

TEST(DeterminismStream, HoldsEveryKindThatThisBuildApplies) {
  std::set<v1::EventKind> kinds;
  for (const v1::Envelope& envelope : stream(true)) kinds.insert(kind_of(envelope));
  for (int number = v1::EventKind_MIN; number <= v1::EventKind_MAX; ++number) {
    const auto kind = static_cast<v1::EventKind>(number);
    // A skip names an offset, which is another on every log.
    const bool wanted = v1::EventKind_IsValid(number) && kind_supported(kind) && kind != v1::EVENT_KIND_SKIP_RECORDED;
    EXPECT_TRUE(!wanted || kinds.contains(kind)) << kind_name(kind);
  }
}

}  // namespace
}  // namespace mnemo::simulation
