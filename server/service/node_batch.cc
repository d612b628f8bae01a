// remember_batch.
#include "server/service/node_service.h"

namespace mnemo {
void NodeService::remember_batch(const Call&, v1::RememberBatchRequest, Reply<v1::RememberBatchResponse> reply) {
  reply(fail(Code::kUnimplemented, "remember_batch"));
}
}  // namespace mnemo
