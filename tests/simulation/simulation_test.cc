#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/sanitizers.h"
#include "tests/simulation/probes.h"
#include "tests/simulation/simulator.h"

namespace mnemo::simulation {
namespace {

#if defined(MNEMO_SANITIZE_THREAD)
constexpr uint64_t kSlowdown = 20;
#elif defined(MNEMO_SANITIZE_ADDRESS)
constexpr uint64_t kSlowdown = 4;
#else
constexpr uint64_t kSlowdown = 1;
#endif

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

void run_seed(uint64_t seed, Tally& tally) {
  const Status ran = Simulator(seed, tally).run();
  EXPECT_TRUE(ran) << "seed " << seed << ": " << (ran ? "" : ran.error().message)
                   << "\nonce more: MNEMO_SEED_FIRST=" << seed << " MNEMO_SEEDS=1 " MNEMO_THIS_TEST
                   << " --gtest_filter=Simulation.EveryReplicaAgreesWithTheModel";
}

TEST(Simulation, EveryReplicaAgreesWithTheModel) {
  const uint64_t first = from_environment("MNEMO_SEED_FIRST", 1);
  const uint64_t seeds = from_environment("MNEMO_SEEDS", MNEMO_SEEDS_DEFAULT / kSlowdown);
  clear_probes();
  Tally tally;
  for (uint64_t seed = first; seed < first + seeds && !HasFailure(); ++seed) run_seed(seed, tally);
  std::printf(
      "%lu seeds from %lu: %lu operations, %lu records, %lu crashes, %lu crashes of the log, %lu rebuilds, "
      "%lu replays\n",
      tally.seeds, first, tally.operations, tally.records, tally.crashes, tally.log_crashes, tally.rebuilds,
      tally.replays);
  print_probes();
  EXPECT_GE(tally.operations, 500 * tally.seeds);
  EXPECT_GE(tally.crashes, 3 * tally.seeds);
  EXPECT_GE(tally.rebuilds, tally.seeds);
  // Fewer seeds prove less: see print_probes().
  if (seeds < 200) return;
  for (const std::string_view missed : missed_probes()) ADD_FAILURE() << "no seed came along " << missed;
}

}  // namespace
}  // namespace mnemo::simulation
