// File: tests/server/recording_service.h
// A Service that keeps what it was asked, and answers as a test says: at once, with an error, or when it is released.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "events/mutex.h"
#include "server/service/observer.h"
#include "server/service/service.h"

namespace mnemo::testing {

struct Asked {
  std::string function;
  Call call;
  std::string request;  // serialised
};

// Thread-safe.
class RecordingService final : public Service {
 public:
  // From now on: every request is refused so; none: answered.
  void refuse_with(std::optional<Error> error) {
    MutexLock lock(mutex_);
    error_ = std::move(error);
  }
  void hold() {
    MutexLock lock(mutex_);
    holding_ = true;
  }
  void await_held(size_t requests) {
    MutexLock lock(mutex_);
    while (held_.size() < requests) changed_.wait(lock);
  }
  // Answers what was held, from this thread.
  void release() {
    std::vector<std::function<void()>> held;
    {
      MutexLock lock(mutex_);
      holding_ = false;
      held.swap(held_);
    }
    for (const auto& answer : held) answer();
  }
  std::vector<Asked> asked() const {
    MutexLock lock(mutex_);
    return asked_;
  }
  void be_ready(Status read, Status write) {
    MutexLock lock(mutex_);
    read_ = std::move(read);
    write_ = std::move(write);
  }
  // What a retrieve's context is.
  void pack(std::string context) {
    MutexLock lock(mutex_);
    context_ = std::move(context);
  }

  void remember(const Call& call, v1::RememberRequest request, Reply<v1::RememberResponse> reply) override {
    v1::RememberResponse response;
    response.set_memory_id("m1");
    take("remember", call, request, std::move(reply), std::move(response));
  }
  void remember_batch(const Call& call, v1::RememberBatchRequest request,
                      Reply<v1::RememberBatchResponse> reply) override {
    take("remember_batch", call, request, std::move(reply));
  }
  void update(const Call& call, v1::UpdateMemoryRequest request, Reply<v1::UpdateMemoryResponse> reply) override {
    take("update", call, request, std::move(reply));
  }
  void forget(const Call& call, v1::ForgetMemoryRequest request, Reply<v1::ForgetMemoryResponse> reply) override {
    take("forget", call, request, std::move(reply));
  }
  void forget_by_filter(const Call& call, v1::ForgetByFilterRequest request,
                        Reply<v1::ForgetByFilterResponse> reply) override {
    take("forget_by_filter", call, request, std::move(reply));
  }
  void link(const Call& call, v1::LinkMemoriesRequest request, Reply<v1::LinkMemoriesResponse> reply) override {
    take("link", call, request, std::move(reply));
  }
  void unlink(const Call& call, v1::UnlinkMemoriesRequest request, Reply<v1::UnlinkMemoriesResponse> reply) override {
    take("unlink", call, request, std::move(reply));
  }
  void get(const Call& call, v1::GetMemoryRequest request, Reply<v1::GetMemoryResponse> reply) override {
    take("get", call, request, std::move(reply));
  }
  void history(const Call& call, v1::GetHistoryRequest request, Reply<v1::GetHistoryResponse> reply) override {
    take("history", call, request, std::move(reply));
  }
  void list(const Call& call, v1::ListMemoriesRequest request, Reply<v1::ListMemoriesResponse> reply) override {
    take("list", call, request, std::move(reply));
  }
  void agents(const Call& call, v1::ListAgentsRequest request, Reply<v1::ListAgentsResponse> reply) override {
    take("agents", call, request, std::move(reply));
  }
  void export_memories(const Call& call, v1::ExportMemoriesRequest request,
                       Reply<v1::ExportMemoriesResponse> reply) override {
    take("export_memories", call, request, std::move(reply));
  }
  void retrieve(const Call& call, v1::RetrieveRequest request, Reply<v1::RetrieveResponse> reply) override {
    v1::RetrieveResponse response;
    {
      MutexLock lock(mutex_);
      response.set_context(context_);
    }
    take("retrieve", call, request, std::move(reply), std::move(response));
  }
  void status(const Call& call, Reply<v1::GetStatusResponse> reply) override {
    take("status", call, v1::GetStatusRequest(), std::move(reply));
  }
  void digests(const Call& call, Reply<v1::GetDigestsResponse> reply) override {
    take("digests", call, v1::GetDigestsRequest(), std::move(reply));
  }
  void list_operations(const Call& call, v1::ListOperationsRequest request,
                       Reply<v1::ListOperationsResponse> reply) override {
    take("list_operations", call, request, std::move(reply));
  }
  void get_operation(const Call& call, v1::GetOperationRequest request,
                     Reply<v1::GetOperationResponse> reply) override {
    take("get_operation", call, request, std::move(reply));
  }
  void set_policy(const Call& call, v1::SetPolicyRequest request, Reply<v1::SetPolicyResponse> reply) override {
    take("set_policy", call, request, std::move(reply));
  }
  void get_policy(const Call& call, v1::GetPolicyRequest request, Reply<v1::GetPolicyResponse> reply) override {
    take("get_policy", call, request, std::move(reply));
  }
  void rules(const Call& call, Reply<v1::GetRulesResponse> reply) override {
    take("rules", call, v1::GetRulesRequest(), std::move(reply));
  }
  void activate_rules(const Call& call, Reply<v1::ActivateRulesResponse> reply) override {
    take("activate_rules", call, v1::ActivateRulesRequest(), std::move(reply));
  }
  Status ready_to_read() const override {
    MutexLock lock(mutex_);
    return read_;
  }
  Status ready_to_write() const override {
    MutexLock lock(mutex_);
    return write_;
  }

 private:
  template <typename Request, typename Response>
  void take(std::string function, const Call& call, const Request& request, Reply<Response> reply,
            Response response = {}) {
    std::function<void()> answer;
    {
      MutexLock lock(mutex_);
      asked_.push_back({std::move(function), call, request.SerializeAsString()});
      answer = [reply = std::move(reply), response = std::move(response), error = error_] {
        error ? reply(fail(*error)) : reply(response);
      };
      if (holding_) {
        held_.push_back(std::move(answer));
        changed_.notify_all();
        return;
      }
    }
    answer();
  }

  mutable Mutex mutex_;
  Condition changed_;
  std::optional<Error> error_ MNEMO_GUARDED_BY(mutex_);
  bool holding_ MNEMO_GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> held_ MNEMO_GUARDED_BY(mutex_);
  std::vector<Asked> asked_ MNEMO_GUARDED_BY(mutex_);
  std::string context_ MNEMO_GUARDED_BY(mutex_);
  Status read_ MNEMO_GUARDED_BY(mutex_);
  Status write_ MNEMO_GUARDED_BY(mutex_);
};

// Thread-safe.
class RecordingObserver final : public RequestObserver {
 public:
  void done(const RequestDone& request) override {
    MutexLock lock(mutex_);
    done_.push_back(request);
    changed_.notify_all();
  }
  // The first so many, once they are there.
  std::vector<RequestDone> await(size_t requests) {
    MutexLock lock(mutex_);
    while (done_.size() < requests) changed_.wait(lock);
    return done_;
  }

 private:
  Mutex mutex_;
  Condition changed_;
  std::vector<RequestDone> done_ MNEMO_GUARDED_BY(mutex_);
};

}  // namespace mnemo::testing
