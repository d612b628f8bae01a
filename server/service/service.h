// File: server/service/service.h
// What mnemo answers, without a wire: every request of events/proto/mnemo/v1/service.proto, from authorisation to the
// reply. The doors turn bytes into these messages and back, and decide nothing.
//
//   service.remember(call, request, [](Result<v1::RememberResponse> answer) { ... });
//
// Each request is authorised, then checked whole, then queued by its class (manager/scheduler.h) and answered from
// another thread; what is refused comes back at once, on this one. status, digests and rules are not queued
// (server/service/overviews.h).
// A refusal names the field and what to do. No request holds a thread while it waits for the log or for a position.
//
// Thread-safe. It outlives every reply.
#pragma once

#include "mnemo/v1/service.pb.h"
#include "server/service/call.h"

namespace mnemo {

class Service {
 public:
  virtual ~Service() = default;

  virtual void remember(const Call& call, v1::RememberRequest request, Reply<v1::RememberResponse> reply) = 0;
  // Each memory stands by itself: the reply is an error only where the request as a whole is none.
  virtual void remember_batch(const Call& call, v1::RememberBatchRequest request,
                              Reply<v1::RememberBatchResponse> reply) = 0;
  virtual void update(const Call& call, v1::UpdateMemoryRequest request, Reply<v1::UpdateMemoryResponse> reply) = 0;
  virtual void forget(const Call& call, v1::ForgetMemoryRequest request, Reply<v1::ForgetMemoryResponse> reply) = 0;
  virtual void forget_by_filter(const Call& call, v1::ForgetByFilterRequest request,
                                Reply<v1::ForgetByFilterResponse> reply) = 0;
  virtual void link(const Call& call, v1::LinkMemoriesRequest request, Reply<v1::LinkMemoriesResponse> reply) = 0;
  virtual void unlink(const Call& call, v1::UnlinkMemoriesRequest request, Reply<v1::UnlinkMemoriesResponse> reply) = 0;

  virtual void get(const Call& call, v1::GetMemoryRequest request, Reply<v1::GetMemoryResponse> reply) = 0;
  virtual void history(const Call& call, v1::GetHistoryRequest request, Reply<v1::GetHistoryResponse> reply) = 0;
  virtual void list(const Call& call, v1::ListMemoriesRequest request, Reply<v1::ListMemoriesResponse> reply) = 0;
  virtual void agents(const Call& call, v1::ListAgentsRequest request, Reply<v1::ListAgentsResponse> reply) = 0;
  virtual void export_memories(const Call& call, v1::ExportMemoriesRequest request,
                               Reply<v1::ExportMemoriesResponse> reply) = 0;
  virtual void retrieve(const Call& call, v1::RetrieveRequest request, Reply<v1::RetrieveResponse> reply) = 0;

  virtual void status(const Call& call, Reply<v1::GetStatusResponse> reply) = 0;
  virtual void digests(const Call& call, Reply<v1::GetDigestsResponse> reply) = 0;

  // The journal, of those namespaces that the principal may use.
  virtual void list_operations(const Call& call, v1::ListOperationsRequest request,
                               Reply<v1::ListOperationsResponse> reply) = 0;
  virtual void get_operation(const Call& call, v1::GetOperationRequest request,
                             Reply<v1::GetOperationResponse> reply) = 0;
  // What was started and is not done at the deadline is answered as pending, and goes on.
  virtual void set_policy(const Call& call, v1::SetPolicyRequest request, Reply<v1::SetPolicyResponse> reply) = 0;
  virtual void get_policy(const Call& call, v1::GetPolicyRequest request, Reply<v1::GetPolicyResponse> reply) = 0;
  virtual void rules(const Call& call, Reply<v1::GetRulesResponse> reply) = 0;
  virtual void activate_rules(const Call& call, Reply<v1::ActivateRulesResponse> reply) = 0;

  // Whether answers are complete, or writes are taken: OK, or UNAVAILABLE with the reason.
  virtual Status ready_to_read() const = 0;
  virtual Status ready_to_write() const = 0;
};

}  // namespace mnemo
