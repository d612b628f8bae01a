// Reads and writes at once, through the service and its result cache: every answer is the engine's on the snapshot of
// the position that it carries, and shows every write that was acknowledged before it was asked for.
//
//   MNEMO_MIXED_OPERATIONS=1000000 MNEMO_MIXED_SEED=1 mixed_test     (default: 20,000 from the clock)
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "tests/system/mixed_client.h"

namespace mnemo::mixed_test {
namespace {

constexpr size_t kClients = 4;

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

RetrieveRequest random_request(Random& random, size_t agent) {
  using query_test::below;
  RetrieveRequest request{.name_space = World::kNamespace,
                          .agent_id = Popular::name(agent),
                          .query = query_test::random_question(random),
                          .limit = static_cast<uint32_t>(1 + below(random, 20))};
  if (below(random, 5) == 0) request.query.clear();
  if (below(random, 3) == 0) request.filter = query_test::random_filter(random);
  if (below(random, 4) == 0) request.reference_time_ms = 1'700'000'000'000 + below(random, 4'000'000);
  if (below(random, 4) == 0) request.context_token_budget = 200;
  return request;
}

// Together, which is more than each: they meet in the log, the partitions, the scheduler and the cache.
Tally run(World& world, uint64_t seed, uint64_t operations) {
  const Popular popular(seed);
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<Client>(world, popular, seed, i));
    threads.emplace_back([client = clients.back().get(), operations] { client->run(operations / kClients); });
  }
  for (std::thread& thread : threads) thread.join();
  Tally sum;
  for (const auto& client : clients) sum += client->tally();
  return sum;
}

void print(const Tally& tally, const ResultCache::Counters& cache) {
  const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf("reads %llu, writes %llu (%llu to what was gone), rules %llu\n", number(tally.reads),
              number(tally.writes), number(tally.refused), number(tally.rules));
  std::printf("cache: hits %llu, misses %llu, stale prevented %llu, evicted %llu\n", number(cache.hit),
              number(cache.miss), number(cache.stale_prevented), number(cache.evicted));
  std::printf("compared %llu, of them kept answers %llu, snapshot gone %llu, own writes looked for %llu\n",
              number(tally.compared), number(tally.compared_cached), number(tally.not_compared),
              number(tally.own_seen));
  std::printf("differences %llu, writes not seen %llu\n", number(tally.differences), number(tally.unread_writes));
}

TEST(MixedOperations, EveryAnswerIsTheEnginesOnItsSnapshotAndShowsWhatWasAcknowledged) {
  const uint64_t seed = from_environment("MNEMO_MIXED_SEED", static_cast<uint64_t>(std::time(nullptr)));
  const uint64_t operations = from_environment("MNEMO_MIXED_OPERATIONS", 20'000);
  std::printf("MNEMO_MIXED_SEED=%llu MNEMO_MIXED_OPERATIONS=%llu\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(operations));
  World world(std::filesystem::path(testing::TempDir()) / ("mnemo-mixed-" + std::to_string(getpid())));
  const Tally tally = run(world, seed, operations);
  print(tally, world.cache_counters());
  EXPECT_EQ(tally.differences, 0U);
  EXPECT_EQ(tally.unread_writes, 0U);
  EXPECT_GE(tally.compared * 1000, tally.reads * 999);
  EXPECT_GT(tally.compared_cached * 10, tally.reads);
  EXPECT_GT(tally.own_seen * 12, tally.reads);
  EXPECT_GT(world.cache_counters().stale_prevented * 100, tally.reads);
}

}  // namespace

Tally& Tally::operator+=(const Tally& other) {
  reads += other.reads;
  writes += other.writes;
  rules += other.rules;
  compared += other.compared;
  compared_cached += other.compared_cached;
  not_compared += other.not_compared;
  own_seen += other.own_seen;
  differences += other.differences;
  unread_writes += other.unread_writes;
  refused += other.refused;
  return *this;
}

// By Zipf's law: the second half as often as the first, the third a third as often.
Popular::Popular(uint64_t seed) {
  Random random(seed);
  uint64_t sum = 0;
  for (size_t agent = 0; agent < kAgents; ++agent) {
    up_to_.push_back(sum += 1'000'000 / (agent + 1));
    for (size_t i = 0; i < kRequests; ++i) {
      if (i == 0) requests_.emplace_back();
      requests_.back().push_back(random_request(random, agent));
    }
  }
}

size_t Popular::agent(Random& random) const {
  const uint64_t at = query_test::below(random, up_to_.back());
  return static_cast<size_t>(std::upper_bound(up_to_.begin(), up_to_.end(), at) - up_to_.begin());
}

const RetrieveRequest& Popular::request(Random& random, size_t agent) const {
  const size_t one = query_test::below(random, kRequests);
  return requests_[agent][std::min(one, query_test::below(random, kRequests))];
}

}  // namespace mnemo::mixed_test
