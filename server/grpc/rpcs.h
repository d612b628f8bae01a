// File: server/grpc/rpcs.h
// The rpcs of a service of service.proto, each with what answers it.
//
// gRPC's stubs would parse the requests before anything of ours sees them, and answer UNIMPLEMENTED, with no text, to
// one that is no protobuf. So the methods are registered with their bytes, by the names that the service's descriptor
// has.
#pragma once

#include <google/protobuf/descriptor.h>
#include <grpcpp/impl/codegen/service_type.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "server/grpc/exchange.h"
#include "server/service/service.h"

namespace mnemo {

class Rpcs final : public grpc::Service {
 public:
  // Every method of the service; what Service does not do is answered UNIMPLEMENTED, by name. What it is given outlives
  // it.
  Rpcs(const google::protobuf::ServiceDescriptor& descriptor, mnemo::Service& service, const ExchangeContext& door);

 private:
  std::deque<std::string> paths_;  // gRPC keeps pointers to them
};

// Those of service.proto.
std::vector<std::unique_ptr<Rpcs>> all_rpcs(Service& service, const ExchangeContext& door);

}  // namespace mnemo
