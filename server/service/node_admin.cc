// status, digests.
#include "projector/store/record_index.h"
#include "server/service/node_service.h"
#include "server/service/partition_status.h"

namespace mnemo {

// Neither of the two takes a place in the queue: they are asked for most when it is full.
void NodeService::status(const Call& call, Reply<v1::GetStatusResponse> reply) {
  if (const Status may = call.principal->check_everywhere(Right::kRead); !may) return reply(fail(may.error()));
  executor_.post([this, answer = calls_.count(std::move(reply))] {
    v1::GetStatusResponse response;
    response.set_version(options_.version);
    response.set_log(options_.log);
    response.set_log_id(to_hex(node_.log().identity().log_id));
    response.set_rules_version(node_.projection(PartitionId(0)).rules()->version);
    response.set_projection_version(projection_version());
    response.set_ranking_profile(engine_.profile().hash());
    for (uint32_t p = 0; p < node_.partitions(); ++p) {
      *response.add_partitions() = status_of(node_, PartitionId(p));
    }
    (*answer)(std::move(response));
  });
}

void NodeService::digests(const Call& call, Reply<v1::GetDigestsResponse> reply) {
  if (const Status may = call.principal->check_everywhere(Right::kRead); !may) return reply(fail(may.error()));
  executor_.post([this, answer = calls_.count(std::move(reply))] {
    v1::GetDigestsResponse response;
    for (uint32_t p = 0; p < node_.partitions(); ++p) {
      *response.add_partitions() = digests_of(PartitionId(p), node_.projection(PartitionId(p)).applied());
    }
    (*answer)(std::move(response));
  });
}

}  // namespace mnemo
