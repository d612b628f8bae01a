// File: server/service/agents_page.h
// Who is known: a page of the agents of all partitions, with how many memories a read of each would show.
#pragma once

#include <functional>
#include <memory>

#include "mnemo/v1/service.pb.h"
#include "query/engine.h"

namespace mnemo {

struct PartitionView {
  std::unique_ptr<View> view;
  bool behind = false;  // it may lack what came later
};
using ViewOf = std::function<Result<PartitionView>(PartitionId)>;

// INVALID_ARGUMENT: the limit, or a cursor that no page gave.
Status check(const v1::ListAgentsRequest& request);

// By partition, and in each by when agents were first heard of. `request` has passed check(). DATA_LOSS.
Result<v1::ListAgentsResponse> agents_page(uint32_t partitions, const v1::ListAgentsRequest& request,
                                           const ViewOf& view_of);

}  // namespace mnemo
