// The parts of the load generator that know no server: histogram, Zipf's law, schedule, traffic, what answers come to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "server/load/answers.h"
#include "server/load/histogram.h"
#include "server/load/schedule.h"
#include "server/load/traffic.h"
#include "server/load/zipf.h"

namespace mnemo {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// The least value that a share of them do not exceed.
uint64_t exact_percentile(const std::vector<uint64_t>& sorted, double share) {
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::max<size_t>(rank, 1) - 1];
}

// Latencies of every order of magnitude, from nanoseconds to hours.
std::vector<uint64_t> latencies(uint64_t seed, size_t count) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> values;
  for (size_t i = 0; i < count; ++i) values.push_back(random() >> (22 + random() % 42));
  return values;
}

TEST(Histogram, PercentilesAreExactToThreeDigits) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<uint64_t> values = latencies(seed, 5000);
    Histogram histogram;
    for (const uint64_t value : values) histogram.record(value);
    std::ranges::sort(values);
    for (const double share : {0.0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
      const uint64_t exact = exact_percentile(values, share);
      const uint64_t told = histogram.percentile(share);
      EXPECT_GE(told, exact) << "seed " << seed << ", share " << share;
      EXPECT_LE(told, exact + exact / 1000) << "seed " << seed << ", share " << share;
    }
    EXPECT_EQ(histogram.max(), values.back());
    EXPECT_EQ(histogram.min(), values.front());
    EXPECT_EQ(histogram.count(), values.size());
  }
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (uint64_t value = 0; value < 2048; ++value) histogram.record(value);
  for (uint64_t value = 0; value < 2048; ++value) {
    EXPECT_EQ(histogram.percentile(static_cast<double>(value + 1) / 2048), value);
  }
  EXPECT_DOUBLE_EQ(histogram.mean(), 1023.5);
}

TEST(Histogram, EdgesOfCountersStayWithinThreeDigits) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const uint64_t value : {(uint64_t{1} << bit) - 1, uint64_t{1} << bit, (uint64_t{1} << bit) + 1}) {
      Histogram histogram;
      histogram.record(value);
      histogram.record(UINT64_MAX);
      EXPECT_GE(histogram.percentile(0.5), value);
      EXPECT_LE(histogram.percentile(0.5), value + value / 1000);
      EXPECT_EQ(histogram.percentile(1), UINT64_MAX);
    }
  }
}

TEST(Histogram, MergedOnesAreAsOneThatSawAll) {
  Histogram all;
  Histogram merged;
  for (uint64_t part = 1; part <= 4; ++part) {
    Histogram one;
    for (const uint64_t value : latencies(part, part * 700)) {
      one.record(value);
      all.record(value);
    }
    merged.merge(one);
  }
  merged.merge(Histogram());
  for (double share = 0; share <= 1; share += 0.01) EXPECT_EQ(merged.percentile(share), all.percentile(share));
  EXPECT_EQ(merged.count(), all.count());
  EXPECT_EQ(merged.min(), all.min());
  EXPECT_EQ(merged.max(), all.max());
  EXPECT_NEAR(merged.mean(), all.mean(), all.mean() / 1e9);
}

TEST(Histogram, AnEmptyOneSaysZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.percentile(0.99), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.min(), 0U);
  EXPECT_EQ(histogram.mean(), 0);
}

// Draws of each rank lie within five standard deviations of what the law says.
TEST(Zipf, RanksAreDrawnInProportionToTheirPower) {
  constexpr size_t kRanks = 50;
  constexpr int kDraws = 200'000;
  for (const double exponent : {0.0, 0.7, 1.0, 1.3}) {
    double sum = 0;
    for (size_t rank = 1; rank <= kRanks; ++rank) sum += std::pow(static_cast<double>(rank), -exponent);
    const Zipf zipf(kRanks, exponent);
    std::mt19937_64 random(7);
    std::vector<int> drawn(kRanks);
    for (int i = 0; i < kDraws; ++i) ++drawn.at(zipf(random));
    for (size_t rank = 0; rank < kRanks; ++rank) {
      const double share = std::pow(static_cast<double>(rank + 1), -exponent) / sum;
      EXPECT_NEAR(drawn[rank], share * kDraws, 5 * std::sqrt(share * (1 - share) * kDraws))
          << "exponent " << exponent << ", rank " << rank;
    }
  }
}

TEST(Zipf, OneRankIsAlwaysDrawn) {
  const Zipf zipf(1, 1.2);
  std::mt19937_64 random(1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(zipf(random), 0U);
}

TEST(Schedule, StartsAreEvenAndDoNotDrift) {
  const MonotonicTime start(seconds(1000));
  for (const uint32_t rate : {1U, 3U, 7U, 1000U, 30'011U, 1'000'000U}) {
    const Schedule schedule(start, rate);
    EXPECT_EQ(schedule.start_of(0), start);
    const uint64_t day = uint64_t{86'400} * rate;
    EXPECT_EQ(schedule.start_of(day), start + seconds(86'400)) << rate;
    for (uint64_t number = day - 5; number < day + 5; ++number) {
      const nanoseconds gap = schedule.start_of(number + 1) - schedule.start_of(number);
      EXPECT_NEAR(static_cast<double>(gap.count()), 1e9 / rate, 1) << rate;
    }
  }
}

TEST(Schedule, CountsTheStartsBeforeATime) {
  const MonotonicTime start(seconds(1000));
  for (const uint32_t rate : {1U, 3U, 7U, 1000U, 30'011U}) {
    const Schedule schedule(start, rate);
    EXPECT_EQ(schedule.starts_before(start - nanoseconds(1)), 0U);
    EXPECT_EQ(schedule.starts_before(start), 0U);
    EXPECT_EQ(schedule.starts_before(start + seconds(10)), uint64_t{10} * rate);
    for (uint64_t number = 0; number < 50; ++number) {
      EXPECT_EQ(schedule.starts_before(schedule.start_of(number)), number) << rate;
      EXPECT_EQ(schedule.starts_before(schedule.start_of(number) + nanoseconds(1)), number + 1) << rate;
    }
  }
}

TrafficOptions traffic_options() {
  TrafficOptions options;
  options.workload.agents = 10;
  options.run = "run";
  return options;
}

TEST(Traffic, IsTheSameFromTheSameSeedButForTheKeys) {
  TrafficOptions options = traffic_options();
  Traffic one(options);
  options.run = "another";
  Traffic other(options);
  for (int i = 0; i < 200; ++i) {
    auto a = std::get<v1::RememberRequest>(one.next(LoadPhase::kIngest));
    auto b = std::get<v1::RememberRequest>(other.next(LoadPhase::kIngest));
    EXPECT_NE(a.memory().idempotency_key(), b.memory().idempotency_key());
    a.mutable_memory()->clear_idempotency_key();
    b.mutable_memory()->clear_idempotency_key();
    EXPECT_EQ(a.SerializeAsString(), b.SerializeAsString());
  }
}

TEST(Traffic, NoKeyOccursTwiceInAnAgent) {
  TrafficOptions options = traffic_options();
  options.batch = 50;
  Traffic traffic(options);
  std::set<std::pair<std::string, std::string>> keys;
  for (int i = 0; i < 40; ++i) {
    const auto request = std::get<v1::RememberBatchRequest>(traffic.next(LoadPhase::kIngest));
    ASSERT_EQ(request.memories_size(), 50);
    for (const auto& memory : request.memories()) {
      EXPECT_TRUE(keys.emplace(memory.agent_id(), memory.idempotency_key()).second);
    }
  }
}

// Otherwise a retrieve after an ingest would look for what nobody wrote.
TEST(Traffic, QuestionsAreAboutTheFirstMemoriesOfTheirAgent) {
  Traffic writes(traffic_options());
  std::map<std::string, std::string> texts;  // of each agent, all its words
  for (int i = 0; i < 20'000; ++i) {
    const auto request = std::get<v1::RememberRequest>(writes.next(LoadPhase::kIngest));
    texts[request.memory().agent_id()] += request.memory().text() + "\n";
  }
  Traffic reads(traffic_options());
  for (int i = 0; i < 500; ++i) {
    const auto question = std::get<v1::RetrieveRequest>(reads.next(LoadPhase::kRetrieve));
    ASSERT_FALSE(question.query().empty());
    const std::string word = question.query().substr(0, question.query().find(' '));
    EXPECT_NE(texts[question.agent_id()].find(word), std::string::npos) << question.query();
  }
}

TEST(Traffic, AMixedLoadHasTheShareOfReadsThatWasAskedFor) {
  for (const uint32_t percent : {0U, 20U, 50U, 100U}) {
    TrafficOptions options = traffic_options();
    options.reads_percent = percent;
    Traffic traffic(options);
    uint32_t reads = 0;
    for (int i = 0; i < 1000; ++i) {
      reads += std::holds_alternative<v1::RetrieveRequest>(traffic.next(LoadPhase::kMixed)) ? 1 : 0;
    }
    EXPECT_EQ(reads, percent * 10);
  }
}

TEST(RequestsAhead, GivesEveryRequestInOrderAndThenNone) {
  int made = 0;
  RequestsAhead requests(
      [&made]() -> std::optional<LoadRequest> {
        if (made == 1000) return std::nullopt;
        v1::RetrieveRequest request;
        request.set_query(std::to_string(made++));
        return request;
      },
      16);
  for (int i = 0; i < 1000; ++i) {
    const auto request = requests.take();
    ASSERT_TRUE(request);
    EXPECT_EQ(std::get<v1::RetrieveRequest>(*request).query(), std::to_string(i));
  }
  EXPECT_FALSE(requests.take());
  EXPECT_FALSE(requests.take());
}

TEST(LoadAnswer, OfABatchCountsWhatBecameOfEachMemory) {
  const std::string body = R"({"results": [
      {"memory": {"text": "a \"duplicate\":true", "metadata": {"duplicate": true, "error": {"code": "INTERNAL"}}},
       "duplicate": false, "pending": false},
      {"memory": {"text": "b"}, "duplicate": true, "pending": false},
      {"memory_id": "c", "duplicate": false, "pending": true},
      {"error": {"code": "RESOURCE_EXHAUSTED", "message": "m", "details": {"code": "ABORTED"}}},
      {"error": {"code": "RESOURCE_EXHAUSTED", "message": "m", "details": {}}}]})";
  const LoadAnswer answer = load_answer(LoadRequest(v1::RememberBatchRequest()), 200, body);
  EXPECT_EQ(answer.acknowledged, 2U);
  EXPECT_EQ(answer.duplicates, 1U);
  EXPECT_EQ(answer.pending, 1U);
  EXPECT_THAT(answer.errors, testing::ElementsAre(testing::Pair(Code::kResourceExhausted, 2)));
}

TEST(LoadAnswer, OfARetrieveCountsItsResults) {
  const std::string body = R"({"results": [{"memory": {"tags": ["x"]}, "score": "1"}, {"memory": {}, "score": "2"}],
      "context": "", "cached": true, "truncated": false})";
  const LoadAnswer answer = load_answer(LoadRequest(v1::RetrieveRequest()), 200, body);
  EXPECT_EQ(answer.results, 2U);
  EXPECT_TRUE(answer.cached);
  EXPECT_THAT(answer.errors, testing::IsEmpty());
}

TEST(LoadAnswer, ARefusalCountsUnderItsCode) {
  const std::string body = R"({"error": {"code": "UNAVAILABLE", "message": "m", "details": {}, "retryable": true}})";
  const LoadAnswer refused = load_answer(LoadRequest(v1::RememberRequest()), 503, body);
  EXPECT_THAT(refused.errors, testing::ElementsAre(testing::Pair(Code::kUnavailable, 1)));
  EXPECT_EQ(refused.acknowledged, 0U);
  const LoadAnswer strange = load_answer(LoadRequest(v1::RememberRequest()), 502, "<html>");
  EXPECT_THAT(strange.errors, testing::ElementsAre(testing::Pair(Code::kUnknown, 1)));
  const LoadAnswer torn = load_answer(LoadRequest(v1::RetrieveRequest()), 200, R"({"results": [)");
  EXPECT_THAT(torn.errors, testing::ElementsAre(testing::Pair(Code::kInternal, 1)));
}

}  // namespace
}  // namespace mnemo
