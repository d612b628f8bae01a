// File: server/grpc/exchange.h
// One request of a gRPC client, from its bytes to the one answer that it gets.
//
//   auto exchange = Exchange::begin(door, Method::kRemember, context, response);
//   v1::RememberRequest request;
//   if (const Result<Call> call = exchange->open(bytes, request); !call) { exchange->refuse(call.error()); }
//   ...
//   return exchange.get();
//
// The first of answer(), refuse() and the client's going away decides; what comes later is dropped. Whoever holds the
// pointer may answer at any time, after the server has stopped too.
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>

#include "server/grpc/open_exchanges.h"
#include "server/service/auth.h"
#include "server/service/call.h"
#include "server/service/observer.h"
#include "server/service/request_guard.h"

namespace mnemo {

// What every exchange of a server shares. All of it outlives the server.
struct ExchangeContext {
  const Authenticator& authenticator;
  const RequestGuard& guard;
  RequestObserver& observer;
  const MonotonicClock& clock;
  OpenExchanges& open;
};

// The answer's status and, in its trailing metadata, what an Error says beside code and message.
grpc::Status to_grpc(const Error& error, grpc::ServerContextBase& context);

class Exchange final : public grpc::ServerUnaryReactor {
 public:
  static std::shared_ptr<Exchange> begin(const ExchangeContext& door, Method method,
                                         grpc::CallbackServerContext* context, grpc::ByteBuffer* response);

  // It is to be left without an answer: the server is stopping, and none would arrive.
  bool unanswered() const { return entry_ == Entry::kUnanswered; }

  // Whether it may ask here, who asks, with which metadata and until when. UNAVAILABLE: the server is stopping;
  // PERMISSION_DENIED, UNAUTHENTICATED, INVALID_ARGUMENT.
  Result<Call> admit() const;
  // admit(), and then the request from its bytes, which are let go. INVALID_ARGUMENT.
  Result<Call> open(grpc::ByteBuffer& bytes, google::protobuf::Message& request) const;

  // Thread-safe.
  void answer(const google::protobuf::Message& response);
  void refuse(const Error& error);

  // gRPC's.
  void OnCancel() override;
  void OnDone() override;

 private:
  Exchange(const ExchangeContext& door, Method method, grpc::CallbackServerContext* context,
           grpc::ByteBuffer* response);
  bool decides() { return !decided_.exchange(true); }
  void finish(const grpc::Status& status);

  // gRPC's own may be gone when the answer is decided, the door when it is done.
  const ExchangeContext& door_;
  grpc::CallbackServerContext* const context_;
  grpc::ByteBuffer* const response_;

  const Method method_;
  const MonotonicTime began_;
  Entry entry_ = Entry::kServed;  // other than that: the server is stopping
  std::atomic<bool> decided_{false};
  std::shared_ptr<Exchange> self_;  // gRPC holds a plain pointer: until OnDone()
};

}  // namespace mnemo
