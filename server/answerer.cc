#include "server/answerer.h"

#include "server/local_service.h"

namespace mnemo {

Result<Answerer> Answerer::open(const CommonOptions& options, Access access) {
  if (options.on_server) {
    MNEMO_ASSIGN(Remote remote, Remote::connect(options));
    return Answerer(nullptr, std::move(remote));
  }
  MNEMO_ASSIGN(auto session, Session::open(options, access));
  auto clock = std::make_unique<SteadyClock>();
  auto service = serve_locally(*session, *clock);
  return Answerer(std::move(session), Remote(std::move(clock), std::move(service)));
}

void Answerer::mark_behind(Json& json, const ScopeOptions& scope) const {
  if (session_) mnemo::mark_behind(json, *session_, session_->partition_for(scope.name_space, scope.agent_id));
}

Status Answerer::close() {
  asked_.close();
  return session_ ? session_->close() : Status{};
}

}  // namespace mnemo
