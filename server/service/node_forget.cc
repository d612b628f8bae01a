// forget_by_filter.
#include "server/service/node_service.h"

namespace mnemo {
void NodeService::forget_by_filter(const Call&, v1::ForgetByFilterRequest, Reply<v1::ForgetByFilterResponse> reply) {
  reply(fail(Code::kUnimplemented, "forget_by_filter"));
}
}  // namespace mnemo
