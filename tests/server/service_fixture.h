// File: tests/server/service_fixture.h
// A service over a real node and a real scheduler, on a log in memory; a clock for deadlines that the test moves; and a
// projection that stands still while the test wants it to.
#pragma once

#include <gmock/gmock.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/service/node_service.h"
#include "tests/consumers/fixture.h"

namespace mnemo::service_test {

// What NodeOptions::listener blocks on: the partition's thread, after it has applied and told.
class Gate {
 public:
  void close() {
    const MutexLock lock(mutex_);
    open_ = false;
  }
  void open() {
    const MutexLock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    MutexLock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    while (!open_ && permits_ == 0) changed_.wait(lock);
    if (open_) {
      --waiting_;
    } else {
      --permits_;
    }
  }
  // Lets the one go who stands before it.
  void let_one_pass() {
    const MutexLock lock(mutex_);
    ++permits_;
    --waiting_;
    changed_.notify_all();
  }
  // Until somebody stands before it.
  void await_one() {
    MutexLock lock(mutex_);
    while (waiting_ == 0) changed_.wait(lock);
  }

 private:
  Mutex mutex_;
  Condition changed_;
  bool open_ = true;
  int waiting_ = 0;
  int permits_ = 0;
};

// A reply that a test waits for.
template <typename Response>
class Waited {
 public:
  Reply<Response> reply() {
    return [promise = promise_](Result<Response> result) { promise->set_value(std::move(result)); };
  }
  bool there() { return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  Result<Response> get() { return future_.get(); }

 private:
  std::shared_ptr<std::promise<Result<Response>>> promise_ = std::make_shared<std::promise<Result<Response>>>();
  std::future<Result<Response>> future_ = promise_->get_future();
};

class ServiceTest : public consumers_test::ConsumersTest {
 protected:
  explicit ServiceTest(uint32_t partitions = 2) : ConsumersTest(partitions) {}
  ~ServiceTest() override { stop(); }

  void start() { start({.workers = 2}, log_); }
  void start(const SchedulerOptions& options, Log& log) {
    NodeOptions node_options;
    node_options.memory_bytes = 32 << 20;
    node_options.listener = [this](PartitionId, const OutboxBatch&) { gate_.pass(); };
    auto node = Node::open(log, key_, clock_, dir_ / "state", node_options);
    ASSERT_TRUE(node) << node.error().message;
    node_ = *std::move(node);
    ASSERT_TRUE(node_->wait_applied(std::chrono::steady_clock::now() + std::chrono::seconds(20)));
    scheduler_ = std::make_unique<Scheduler>(options, monotonic_);
    service_ =
        std::make_unique<NodeService>(*node_, *scheduler_, engine_, monotonic_, NodeServiceOptions{.version = "test"});
  }
  void stop() {
    gate_.open();
    service_.reset();
    scheduler_.reset();
    node_.reset();
  }

  // Stands the projection of the agent still: what comes is durable and not applied.
  void stall(const std::string& agent = "nina") {
    gate_.close();
    remember_now(memory("the one that closes the gate", agent));
    gate_.await_one();
  }
  void pass_deadlines() {
    monotonic_.advance(std::chrono::hours(1));
    service_->look_at_clock();
    scheduler_->tend();
  }

  static std::shared_ptr<Principal> everyone() {
    auto principal = std::make_shared<Principal>();
    principal->name = "tester";
    return principal;
  }
  Call call(std::shared_ptr<const Principal> principal = everyone()) const {
    Call call;
    call.principal = std::move(principal);
    call.deadline = monotonic_.now() + std::chrono::seconds(30);
    return call;
  }
  static v1::RememberRequest memory(const std::string& text, const std::string& agent = "nina") {
    v1::RememberRequest request;
    request.mutable_memory()->set_namespace_("acme");
    request.mutable_memory()->set_agent_id(agent);
    request.mutable_memory()->set_text(text);
    return request;
  }
  static v1::RememberRequest keyed(const std::string& key, const std::string& text) {
    v1::RememberRequest request = memory(text);
    request.mutable_memory()->set_idempotency_key(key);
    return request;
  }
  // Of requests about acme's nina.
  template <typename Request>
  static Request scoped() {
    Request request;
    request.set_namespace_("acme");
    request.set_agent_id("nina");
    return request;
  }

  template <typename Request, typename Response>
  using Method = void (Service::*)(const Call&, Request, Reply<Response>);

  // Asks and waits.
  template <typename Request, typename Response>
  Result<Response> ask(Method<Request, Response> method, const Call& call, const Request& request) {
    Waited<Response> waited;
    (service_.get()->*method)(call, request, waited.reply());
    return waited.get();
  }
  template <typename Request, typename Response>
  Result<Response> ask(Method<Request, Response> method, const Request& request) {
    return ask(method, call(), request);
  }
  Result<v1::GetStatusResponse> ask_status() {
    Waited<v1::GetStatusResponse> waited;
    service_->status(call(), waited.reply());
    return waited.get();
  }
  v1::RememberResponse remember_now(const v1::RememberRequest& request) {
    const auto response = ask(&Service::remember, request);
    EXPECT_TRUE(response) << response.error().message;
    return response.value_or(v1::RememberResponse{});
  }

  Gate gate_;
  ManualMonotonicClock monotonic_;
  Engine engine_{Profile::defaults()};
  std::unique_ptr<Node> node_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<NodeService> service_;
};

}  // namespace mnemo::service_test
