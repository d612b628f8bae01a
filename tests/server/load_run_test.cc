// A load on a target that the test answers by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "events/mutex.h"
#include "server/load/load.h"

namespace mnemo {
namespace {

using std::chrono::milliseconds;

constexpr auto kNever = [] { return false; };

// Answers each request `pause` after it came, one after the other, in a thread of its own.
class SlowTarget final : public LoadTarget {
 public:
  explicit SlowTarget(milliseconds pause) : pause_(pause) {}
  ~SlowTarget() override {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

  Status connect(size_t /*clients*/, Done done) override {
    done_ = std::move(done);
    thread_ = std::thread([this] { answer_all(); });
    return {};
  }
  void send(size_t client, const LoadRequest& /*request*/) override {
    const MutexLock lock(mutex_);
    asked_.push_back(client);
    changed_.notify_all();
  }
  void cancel() override {
    const MutexLock lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }

 private:
  void answer_all() {
    while (true) {
      LoadAnswer answer;
      size_t client = 0;
      {
        MutexLock lock(mutex_);
        while (asked_.empty() && !stopping_) changed_.wait(lock);
        if (asked_.empty()) return;
        client = asked_.front();
        asked_.pop_front();
        const auto sent = std::chrono::steady_clock::now();
        const auto until = sent + pause_;
        while (!cancelled_ && std::chrono::steady_clock::now() < until) changed_.wait_until(lock, until);
        answer = cancelled_ ? LoadAnswer::failed(Code::kCancelled) : LoadAnswer();
        answer.results = 1;
        answer.sent = sent;
        answer.received = std::chrono::steady_clock::now();
      }
      done_(client, answer);
    }
  }

  const milliseconds pause_;
  Done done_;
  Mutex mutex_;
  Condition changed_;
  std::deque<size_t> asked_;
  bool cancelled_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

RequestsAhead::Make questions(uint64_t most) {
  return [left = most]() mutable -> std::optional<LoadRequest> {
    if (left == 0) return std::nullopt;
    --left;
    return v1::RetrieveRequest();
  };
}

LoadResult run(milliseconds pause, const LoadOptions& options, uint64_t most = UINT64_MAX,
               const std::function<bool()>& stop = kNever) {
  RequestsAhead requests(questions(most), 8);
  Result<LoadResult> result = run_load(std::make_unique<SlowTarget>(pause), requests, options, stop);
  EXPECT_TRUE(result.has_value());
  return result.value_or(LoadResult());
}

const OperationResult& retrieves(const LoadResult& result) { return result.operations.back(); }

// One client, 20 ms an answer, a request due every millisecond: the one that is sent as the 10th has waited 180 ms
// beyond its turn. A loop that counts from the sending would say 20 ms for each.
TEST(Load, LatencyCountsFromTheIntendedStart) {
  LoadOptions options{.clients = 1, .rate = 1000, .duration = milliseconds(300), .grace = milliseconds(60'000)};
  const LoadResult result = run(milliseconds(20), options);
  const OperationResult& retrieve = retrieves(result);
  ASSERT_LE(retrieve.requests, 16U);
  // The last was meant to start as many milliseconds after the first as there were before it, and was answered at least
  // 20 ms after each of those.
  const uint64_t waited_ms = retrieve.requests * 20 - (retrieve.requests - 1);
  EXPECT_GE(retrieve.latency.max(), waited_ms * 1'000'000);
  EXPECT_EQ(result.missed, 300 - retrieve.requests);
  EXPECT_GE(result.late, retrieve.requests - 1);
}

TEST(Load, AnOpenLoopStartsWhatIsDueAndNoMore) {
  LoadOptions options{.clients = 64, .rate = 100, .duration = milliseconds(500), .grace = milliseconds(60'000)};
  const LoadResult result = run(milliseconds(0), options);
  EXPECT_EQ(retrieves(result).requests + result.missed, 50U);
  EXPECT_FALSE(result.interrupted);
}

TEST(Load, AClosedLoopEndsWithItsRequests) {
  LoadOptions options{.clients = 4, .rate = 0, .duration = std::chrono::hours(1)};
  const LoadResult result = run(milliseconds(0), options, 1234);
  EXPECT_EQ(retrieves(result).requests, 1234U);
  EXPECT_EQ(retrieves(result).latency.count(), 1234U);
  EXPECT_EQ(result.missed, 0U);
}

TEST(Load, StoppedItEndsWithWhatItHas) {
  LoadOptions options{.clients = 4, .rate = 0, .duration = std::chrono::hours(1)};
  int asked = 0;
  const LoadResult result = run(milliseconds(1), options, UINT64_MAX, [&asked] { return ++asked > 6; });
  EXPECT_TRUE(result.interrupted);
  EXPECT_GE(retrieves(result).requests, 4U);
}

TEST(Load, WhatIsNotAnsweredInTheGraceIsCancelledAndCounted) {
  LoadOptions options{.clients = 3, .rate = 0, .duration = milliseconds(50), .grace = milliseconds(50)};
  const LoadResult result = run(std::chrono::hours(1), options);
  EXPECT_THAT(retrieves(result).errors, testing::ElementsAre(testing::Pair(Code::kCancelled, 3)));
  EXPECT_EQ(retrieves(result).latency.count(), 0U);
}

}  // namespace
}  // namespace mnemo
