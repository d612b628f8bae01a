// status, digests.
#include "projector/store/record_index.h"
#include "server/service/partition_status.h"
#include "server/service/work.h"

namespace mnemo {

void NodeService::status(const Call& call, Reply<v1::GetStatusResponse> reply) {
  if (const Status may = call.principal->check_everywhere(Right::kRead); !may) return reply(fail(may.error()));
  overview<v1::GetStatusResponse>(std::move(reply), [this] {
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
    return response;
  });
}

void NodeService::digests(const Call& call, Reply<v1::GetDigestsResponse> reply) {
  if (const Status may = call.principal->check_everywhere(Right::kRead); !may) return reply(fail(may.error()));
  overview<v1::GetDigestsResponse>(std::move(reply), [this] {
    v1::GetDigestsResponse response;
    for (uint32_t p = 0; p < node_.partitions(); ++p) {
      *response.add_partitions() = digests_of(PartitionId(p), node_.projection(PartitionId(p)).applied());
    }
    return response;
  });
}

}  // namespace mnemo
