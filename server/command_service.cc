#include "server/command_service.h"

#include "server/service/auth.h"

namespace mnemo {

Result<CommandService> CommandService::open(const CommonOptions& options, Access access) {
  CommandService service;
  if (options.on_server) {
    MNEMO_ASSIGN(service.remote_, Remote::connect(options));
  } else {
    MNEMO_TRY(service.open_directory(options, access));
  }
  return service;
}

Status CommandService::open_directory(const CommonOptions& options, Access access) {
  MNEMO_ASSIGN(session_, Session::open(options, access));
  if (const auto& why = session_->dir().log_error()) return fail(*why);
  for (uint32_t p = 0; p < session_->partitions(); ++p) {
    if (access == Access::kRead) {
      MNEMO_ASSIGN(const auto view, session_->view(PartitionId(p)));  // warns of one that stands still
      MNEMO_CHECK(view != nullptr);
    } else {
      MNEMO_TRY(session_->catch_up(PartitionId(p)));
    }
  }
  clock_ = std::make_unique<SteadyClock>();
  scheduler_ = std::make_unique<Scheduler>(SchedulerOptions{.workers = 1}, *clock_);
  NodeServiceOptions service_options;
  service_options.reply_threads = 1;
  service_options.resume = access != Access::kRead;
  local_ = std::make_unique<NodeService>(session_->node(), *scheduler_, session_->engine(), *clock_,
                                         std::move(service_options));
  return {};
}

Call CommandService::call(const std::string& key) const {
  if (remote_) return remote_->call(key);
  Call call;
  call.principal = everyone();
  call.deadline = soon();
  call.idempotency_key = key;
  return call;
}

Status CommandService::close() {
  local_.reset();
  scheduler_.reset();
  return session_ ? session_->close() : Status();
}

}  // namespace mnemo
