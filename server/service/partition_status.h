// File: server/service/partition_status.h
// What status and digests tell of a partition.
#pragma once

#include "consumers/node.h"
#include "mnemo/v1/service.pb.h"

namespace mnemo {

// Of what is applied: all that a projection knows whose log is out of reach.
v1::GetStatusResponse::Partition status_of(PartitionId partition, const Meta& meta);
// With what is known of one that follows its log.
v1::GetStatusResponse::Partition status_of(Node& node, PartitionId partition);

v1::GetDigestsResponse::Partition digests_of(PartitionId partition, const Meta& meta);

}  // namespace mnemo
