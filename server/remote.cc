#include "server/remote.h"

#include "server/remote_service.h"
#include "server/service/auth.h"

namespace mnemo {

Result<Remote> Remote::connect(const CommonOptions& options) {
  auto clock = std::make_unique<SteadyClock>();
  MNEMO_ASSIGN(auto service, connect_to({options.server, options.api_key, options.ca_cert}, *clock));
  return Remote(std::move(clock), std::move(service));
}

Call Remote::call(const std::string& key) const {
  Call call;
  call.principal = everyone();  // the server decides who it is
  call.deadline = soon();
  call.idempotency_key = key;
  return call;
}

}  // namespace mnemo
