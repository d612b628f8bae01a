// Deadlines, clients that go away, servers that stop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "server/grpc/grpc_limits.h"
#include "tests/server/grpc_world.h"

namespace mnemo {
namespace {

using namespace std::chrono_literals;
using testing::GrpcWorld;
using ::testing::HasSubstr;

// The deadline that the service is given, from now, of a request with this one.
MonotonicSpan given(std::optional<std::chrono::seconds> deadline) {
  GrpcWorld world;
  grpc::ClientContext context;
  if (deadline) context.set_deadline(std::chrono::system_clock::now() + *deadline);
  v1::RememberResponse response;
  EXPECT_TRUE(world.memories->Remember(&context, {}, &response).ok());
  return world.service.asked().at(0).call.deadline - world.clock.now();
}

TEST(GrpcDeadline, IsTheDefaultWhereTheClientHasNone) { EXPECT_EQ(given(std::nullopt), kDeadlineDefault); }

TEST(GrpcDeadline, IsAtMostTheLongestOne) { EXPECT_EQ(given(3600s), kDeadlineMax - kAnswerMarginMax); }

TEST(GrpcDeadline, IsAtMostTheLongestOneAlsoWhereTheClientWaitsForYears) {
  GrpcWorld world;
  grpc::ClientContext context;
  context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_REALTIME), gpr_time_from_hours(99'999'999, GPR_TIMESPAN)));
  v1::RememberResponse response;
  EXPECT_TRUE(world.memories->Remember(&context, {}, &response).ok());
  EXPECT_EQ(world.service.asked().at(0).call.deadline, world.clock.now() + kDeadlineMax - kAnswerMarginMax);
}

TEST(GrpcDeadline, IsTheClientsLessTheWayBack) {
  const MonotonicSpan left = given(100s);
  EXPECT_LT(left, 100s - kAnswerMarginMax + 1s);
  EXPECT_GT(left, 0s);
}

// One request, asked from a thread of its own.
class Asking {
 public:
  explicit Asking(GrpcWorld& world) {
    thread_ = std::thread([this, &world] {
      v1::RememberResponse response;
      status_ = world.memories->Remember(&context_, {}, &response);
    });
  }
  ~Asking() {
    if (thread_.joinable()) thread_.join();
  }
  void cancel() { context_.TryCancel(); }
  grpc::Status status() {
    thread_.join();
    return status_;
  }
  // Once there is a status.
  std::string trailing(const char* name) const {
    const auto& all = context_.GetServerTrailingMetadata();
    const auto found = all.find(name);
    return found == all.end() ? "" : std::string(found->second.data(), found->second.size());
  }

 private:
  grpc::ClientContext context_;
  grpc::Status status_;
  std::thread thread_;
};

TEST(GrpcEnding, AClientThatGoesAwayEndsItsExchangeAndALaterAnswerIsDropped) {
  GrpcWorld world;
  world.service.hold();
  Asking asking(world);
  world.service.await_held(1);
  asking.cancel();
  EXPECT_EQ(asking.status().error_code(), grpc::CANCELLED);
  const RequestDone done = world.observer.await(1)[0];
  EXPECT_EQ(done.error, Code::kCancelled);
  world.service.release();
  EXPECT_TRUE(world.remember().ok());
  EXPECT_EQ(world.observer.await(2).size(), 2u) << "the one that was cancelled is told of once";
}

TEST(GrpcEnding, ADeadlineThatPassesEndsTheExchange) {
  GrpcWorld world;
  world.service.hold();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 200ms);
  v1::RememberResponse response;
  EXPECT_EQ(world.memories->Remember(&context, {}, &response).error_code(), grpc::DEADLINE_EXCEEDED);
  world.service.release();
  EXPECT_TRUE(world.remember().ok());
}

TEST(GrpcEnding, StopWaitsForWhatIsUnderWay) {
  GrpcWorld world;
  world.service.hold();
  Asking asking(world);
  world.service.await_held(1);
  std::thread stopping([&] { world.server->stop(world.clock.now() + 1h); });
  world.service.release();
  stopping.join();
  EXPECT_TRUE(asking.status().ok());
}

TEST(GrpcEnding, AtItsDeadlineStopTellsWhatIsLeftToAskAgainAndTheServiceMayAnswerAfterwards) {
  GrpcWorld world;
  world.service.hold();
  Asking asking(world);
  world.service.await_held(1);
  world.server->stop(world.clock.now());
  const grpc::Status status = asking.status();
  EXPECT_EQ(status.error_code(), grpc::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("ask again"));
  EXPECT_EQ(asking.trailing("retryable"), "true");
  EXPECT_EQ(world.observer.await(1)[0].error, Code::kUnavailable);
  world.server.reset();
  world.service.release();
}

// Clients that go on asking while it stops: each is answered, or told that it was not executed.
TEST(GrpcEnding, WhoAsksWhileItStopsIsToldToAskAgainAndNeverCancelled) {
  for (int round = 0; round < 5; ++round) {
    GrpcWorld world;
    std::atomic<bool> over{false};
    std::atomic<size_t> answered{0};
    std::vector<grpc::StatusCode> others[4];
    std::vector<std::thread> clients;
    for (auto& told : others) {
      clients.emplace_back([&world, &over, &answered, &told] {
        while (!over) {
          const grpc::StatusCode code = world.remember().error_code();
          if (code == grpc::OK) ++answered;
          if (code != grpc::OK && code != grpc::UNAVAILABLE) told.push_back(code);
        }
      });
    }
    while (answered < 50) std::this_thread::yield();
    world.server->stop(world.clock.now() + 1h);
    over = true;
    for (std::thread& client : clients) client.join();
    for (const auto& told : others) EXPECT_THAT(told, ::testing::IsEmpty()) << "round " << round;
    EXPECT_EQ(world.service.asked().size(), answered) << "what was executed was answered";
  }
}

TEST(GrpcEnding, WhatComesWhileItWaitsForOthersIsNotExecuted) {
  GrpcWorld world;
  world.service.hold();
  Asking asking(world);
  world.service.await_held(1);
  std::thread stopping([&] { world.server->stop(world.clock.now() + 1h); });
  // Until the stop has begun each is held, so each is given up.
  grpc::Status status;
  for (bool held = true; held;) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 100ms);
    v1::RememberResponse response;
    status = world.memories->Remember(&context, {}, &response);
    held = status.error_code() == grpc::DEADLINE_EXCEEDED;
  }
  EXPECT_EQ(status.error_code(), grpc::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("stopping"));
  world.service.release();
  stopping.join();
  EXPECT_TRUE(asking.status().ok());
}

TEST(GrpcEnding, StopTakesADeadlineThatNeverComes) {
  GrpcWorld world;
  world.server->stop(MonotonicTime::max());
}

TEST(GrpcEnding, AStoppedServerTakesNothingAndStopsTwice) {
  GrpcWorld world;
  world.server->stop(world.clock.now() + 1s);
  world.server->stop(world.clock.now() + 1s);
  EXPECT_EQ(world.remember().error_code(), grpc::UNAVAILABLE);
}

TEST(GrpcEnding, MoreRequestsMayWaitThanThereAreThreads) {
  GrpcWorld world;
  world.service.hold();
  constexpr size_t kRequests = kStreamsPerConnectionMax;
  std::vector<grpc::ClientContext> contexts(kRequests);
  std::vector<v1::RememberResponse> responses(kRequests);
  const v1::RememberRequest request;
  std::vector<std::promise<bool>> done(kRequests);
  for (size_t i = 0; i < kRequests; ++i) {
    world.memories->async()->Remember(&contexts[i], &request, &responses[i],
                                      [&done, i](const grpc::Status& status) { done[i].set_value(status.ok()); });
  }
  world.service.await_held(kRequests);
  world.service.release();
  for (auto& one : done) EXPECT_TRUE(one.get_future().get());
}

}  // namespace
}  // namespace mnemo
