// File: server/service/work.h
// NodeService's own: how a request that was checked gets its turn. Included by its source files alone.
#pragma once

#include <utility>

#include "server/service/node_service.h"

namespace mnemo {

struct NodeService::Work {
  TaskClass task_class;
  std::string name_space;
  std::string agent_id;
  Cost cost;
  MonotonicTime deadline;
};

inline Error error_of(const NotRun& why) {
  Error error = why.error;
  error.retry_after_ms = why.retry_after_ms;
  return error;
}

template <typename Response>
void NodeService::enqueue(Work work, const OpenReply<Response>& answer, std::function<void(const Running&)> run) {
  Task task;
  task.task_class = work.task_class;
  task.name_space = std::move(work.name_space);
  task.agent_id = std::move(work.agent_id);
  task.cost = work.cost;
  task.deadline = work.deadline;
  task.run = std::move(run);
  task.not_run = [answer](const NotRun& why) { (*answer)(fail(error_of(why))); };
  const auto queued = scheduler_.submit(std::move(task));
  if (!queued) (*answer)(fail(error_of(queued.error())));
}

template <typename Response>
void NodeService::overview(Reply<Response> reply, std::function<Response()> look) {
  const OpenReply<Response> answer = calls_.count(std::move(reply));
  const Status posted = overviews_.post([answer, look = std::move(look)] { (*answer)(look()); });
  if (!posted) (*answer)(fail(posted.error()));
}

}  // namespace mnemo
