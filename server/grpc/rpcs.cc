#include "server/grpc/rpcs.h"

#include <fmt/format.h>
#include <grpcpp/impl/codegen/rpc_service_method.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>

#include <functional>
#include <map>
#include <string_view>
#include <utility>

namespace mnemo {
namespace {

// Answers an exchange, now or later, from the request's bytes.
using Handler = std::function<void(Service&, const std::shared_ptr<Exchange>&, grpc::ByteBuffer&)>;

struct Rpc {
  Method method;
  Handler handle;
};

template <typename Response>
Reply<Response> reply_to(const std::shared_ptr<Exchange>& exchange) {
  return [exchange](const Result<Response>& answer) {
    if (answer) {
      exchange->answer(*answer);
    } else {
      exchange->refuse(answer.error());
    }
  };
}

// `ask` hands an opened request to the service.
template <typename Request, typename Ask>
Handler opened(Ask ask) {
  return [ask](Service& service, const std::shared_ptr<Exchange>& exchange, grpc::ByteBuffer& bytes) {
    Request request;
    const Result<Call> call = exchange->open(bytes, request);
    if (!call) return exchange->refuse(call.error());
    ask(service, *call, std::move(request), exchange);
  };
}

template <typename Request, typename Response>
Handler served(void (Service::*function)(const Call&, Request, Reply<Response>)) {
  return opened<Request>([function](Service& service, const Call& call, Request request, const auto& exchange) {
    (service.*function)(call, std::move(request), reply_to<Response>(exchange));
  });
}

// Of a request that says nothing.
template <typename Request, typename Response>
Handler served(void (Service::*function)(const Call&, Reply<Response>)) {
  return opened<Request>([function](Service& service, const Call& call, const Request&, const auto& exchange) {
    (service.*function)(call, reply_to<Response>(exchange));
  });
}

Rpc unserved(Method method) {
  return {method, [method](Service&, const std::shared_ptr<Exchange>& exchange, grpc::ByteBuffer&) {
            // What there is to come is told to whom may ask.
            if (const auto call = exchange->admit(); !call) return exchange->refuse(call.error());
            exchange->refuse(
                {Code::kUnimplemented, fmt::format("{} is not served by this version of mnemo", method_name(method))});
          }};
}

const std::map<std::string_view, Rpc>& served_rpcs() {
  static const std::map<std::string_view, Rpc> rpcs = [] {
    std::map<std::string_view, Rpc> all;
    const auto add = [&](Method method, Handler handler) {
      all.emplace(method_name(method), Rpc{method, std::move(handler)});
    };
    add(Method::kRemember, served(&Service::remember));
    add(Method::kRememberBatch, served(&Service::remember_batch));
    add(Method::kGetMemory, served(&Service::get));
    add(Method::kUpdateMemory, served(&Service::update));
    add(Method::kForgetMemory, served(&Service::forget));
    add(Method::kForgetByFilter, served(&Service::forget_by_filter));
    add(Method::kGetHistory, served(&Service::history));
    add(Method::kLinkMemories, served(&Service::link));
    add(Method::kUnlinkMemories, served(&Service::unlink));
    add(Method::kListMemories, served(&Service::list));
    add(Method::kListAgents, served(&Service::agents));
    add(Method::kExportMemories, served(&Service::export_memories));
    add(Method::kRetrieve, served(&Service::retrieve));
    add(Method::kGetStatus, served<v1::GetStatusRequest>(&Service::status));
    add(Method::kGetDigests, served<v1::GetDigestsRequest>(&Service::digests));
    add(Method::kListOperations, served(&Service::list_operations));
    add(Method::kGetOperation, served(&Service::get_operation));
    add(Method::kSetPolicy, served(&Service::set_policy));
    add(Method::kGetPolicy, served(&Service::get_policy));
    add(Method::kGetRules, served<v1::GetRulesRequest>(&Service::rules));
    add(Method::kActivateRules, served<v1::ActivateRulesRequest>(&Service::activate_rules));
    return all;
  }();
  return rpcs;
}

Rpc rpc_of(std::string_view name) {
  if (const auto found = served_rpcs().find(name); found != served_rpcs().end()) return found->second;
  for (size_t i = 0; i < kMethods; ++i) {
    if (method_name(static_cast<Method>(i)) == name) return unserved(static_cast<Method>(i));
  }
  return unserved(Method::kOther);
}

}  // namespace

Rpcs::Rpcs(const google::protobuf::ServiceDescriptor& descriptor, mnemo::Service& service,
           const ExchangeContext& door) {
  using Raw = grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>;
  for (int i = 0; i < descriptor.method_count(); ++i) {
    const auto& method = *descriptor.method(i);
    paths_.push_back(fmt::format("/{}/{}", descriptor.full_name(), method.name()));
    AddMethod(new grpc::internal::RpcServiceMethod(paths_.back().c_str(), grpc::internal::RpcMethod::NORMAL_RPC,
                                                   /*handler=*/nullptr));
    MarkMethodRawCallback(
        static_cast<size_t>(i),
        new Raw([&service, &door, rpc = rpc_of(method.name())](
                    grpc::CallbackServerContext* context, const grpc::ByteBuffer* bytes, grpc::ByteBuffer* response) {
          const auto exchange = Exchange::begin(door, rpc.method, context, response);
          if (exchange->unanswered()) return exchange.get();
          // gRPC owns the bytes, which are no constant, until the answer is there: letting them go when they have been
          // read halves what a waiting request holds.
          rpc.handle(service, exchange, const_cast<grpc::ByteBuffer&>(*bytes));
          return exchange.get();
        }));
  }
}

std::vector<std::unique_ptr<Rpcs>> all_rpcs(Service& service, const ExchangeContext& door) {
  const google::protobuf::FileDescriptor& file = *v1::RememberRequest::descriptor()->file();
  std::vector<std::unique_ptr<Rpcs>> all;
  for (int i = 0; i < file.service_count(); ++i) {
    all.push_back(std::make_unique<Rpcs>(*file.service(i), service, door));
  }
  return all;
}

}  // namespace mnemo
