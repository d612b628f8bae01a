// File: server/command_service.h
// The service that a command asks: of a server, or of a directory that the command opens and serves to itself alone.
//
// For one thread.
#pragma once

#include <future>
#include <memory>
#include <string>

#include "manager/scheduler.h"
#include "server/cli.h"
#include "server/remote.h"
#include "server/service/node_service.h"

namespace mnemo {

class CommandService {
 public:
  // By what the options name. A directory's partitions have come to the log's end, or stand still: then a command that
  // only reads (Access::kRead) is answered from what they have, with a warning, and appends nothing.
  static Result<CommandService> open(const CommonOptions& options, Access access);

  template <typename Request, typename Response>
  Result<Response> ask(void (Service::*method)(const Call&, Request, Reply<Response>), Request request,
                       const std::string& key = {}) {
    return wait<Response>(
        [&](Reply<Response> reply) { (service().*method)(call(key), std::move(request), std::move(reply)); });
  }
  template <typename Response>
  Result<Response> ask(void (Service::*method)(const Call&, Reply<Response>)) {
    return wait<Response>([&](Reply<Response> reply) { (service().*method)(call({}), std::move(reply)); });
  }

  // Of a directory.
  Status close();

 private:
  CommandService() = default;
  Status open_directory(const CommonOptions& options, Access access);
  Service& service() { return remote_ ? remote_->service() : *local_; }
  Call call(const std::string& key) const;

  template <typename Response, typename Ask>
  Result<Response> wait(const Ask& ask) {
    const auto promise = std::make_shared<std::promise<Result<Response>>>();
    auto answer = promise->get_future();
    ask([promise](Result<Response> response) { promise->set_value(std::move(response)); });
    return answer.get();
  }

  std::optional<Remote> remote_;
  // Of a directory:
  std::unique_ptr<Session> session_;
  std::unique_ptr<SteadyClock> clock_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<NodeService> local_;
};

}  // namespace mnemo
