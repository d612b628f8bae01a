// File: server/running_server.h
// The whole of a serving mnemo: a data directory, what follows its log, and the doors. This is where the parts are
// chosen and put together.
#pragma once

#include <memory>
#include <thread>

#include "consumers/node.h"
#include "events/mutex.h"
#include "manager/scheduler.h"
#include "query/engine.h"
#include "query/result_cache.h"
#include "server/data_dir.h"
#include "server/grpc/grpc_server.h"
#include "server/http/http_server.h"
#include "server/http/routes.h"
#include "server/serve_options.h"
#include "server/service/auth.h"
#include "server/service/metrics.h"
#include "server/service/node_service.h"

namespace mnemo {

class RunningServer {
 public:
  // The doors are open when it returns; they answer what is asked of a projection that still catches up from what it
  // has, and /readyz says when it has caught up. Errors are those of the parts, each with what to do about it. Tests
  // may come between the log and the machine.
  static Result<std::unique_ptr<RunningServer>> start(const CommonOptions& common, const ServeOptions& options,
                                                      std::string_view version,
                                                      std::shared_ptr<const EmbeddedLogHooks> log_hooks = {});
  // As stop() at once.
  ~RunningServer();

  std::string http_address() const;
  std::string grpc_address() const;

  // Reads the keys' file anew; what is wrong with it is told, and the old keys stay.
  Status reload();
  // Takes no more requests, ends those under way, flushes, and lets go of the directory. DEADLINE_EXCEEDED: some were
  // cut off; what was acknowledged is durable all the same.
  Status stop(MonotonicTime deadline);

 private:
  RunningServer(const CommonOptions& common, const ServeOptions& options);
  Status open_data(std::string_view version, std::shared_ptr<const EmbeddedLogHooks> log_hooks);
  GrpcOptions grpc_options() const;
  Status take_ports();
  Status open_doors();
  void watch();
  bool sleep_watching();
  void stop_watching();
  void tell_missing_kinds() const;
  void tell_trouble();

  const CommonOptions common_;
  const ServeOptions options_;
  SystemClock clock_;
  SteadyClock steady_;
  std::unique_ptr<DataDir> dir_;
  std::unique_ptr<ResultCache> cache_;  // before the node, which raises its epochs; null: no answers are kept
  std::unique_ptr<Node> node_;
  Engine engine_;
  std::unique_ptr<Scheduler> scheduler_;
  std::unique_ptr<Authenticator> authenticator_;
  KeyFile* key_file_ = nullptr;  // authenticator_, where there are keys
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<HttpServer> http_;  // before the service, whose replies go through it
  std::unique_ptr<NodeService> service_;
  std::unique_ptr<HttpRoutes> routes_;
  std::unique_ptr<GrpcServer> grpc_;
  bool stopped_ = false;
  Mutex watch_mutex_;
  Condition watch_changed_;
  std::string trouble_told_;  // by the watcher
  bool watching_ MNEMO_GUARDED_BY(watch_mutex_) = true;
  std::jthread watcher_;  // last: it uses the others
};

}  // namespace mnemo
