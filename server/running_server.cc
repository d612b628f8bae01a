#include "server/running_server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "events/activation.h"
#include "server/event_log.h"
#include "server/grpc/listen.h"
#include "server/serve_warnings.h"
#include "server/server_numbers.h"

namespace mnemo {
namespace {

constexpr auto kWatchInterval = std::chrono::milliseconds(200);
constexpr auto kAnswersLeaveWithin = std::chrono::milliseconds(500);  // to send them, when a stop's time is over
constexpr uint64_t kCacheShare = 16;                                  // of the memory budget, for kept answers

HttpServerOptions http_options(const ServeOptions& options, const BindAddress& address) {
  HttpServerOptions http;
  http.host = address.host;
  http.port = address.port;
  http.tls_cert = options.tls_cert;
  http.tls_key = options.tls_key;
  http.allowed_hosts = options.allowed_hosts;
  http.allowed_origins = options.allowed_origins;
  http.on_accept_failure = [](const Error& why) {
    log_event(LogLevel::kError, "not accepting", {{"door", "http"}, {"reason", why.message}});
  };
  return http;
}

// By syslog's levels.
void log_of_kafka(int level, std::string_view message) {
  constexpr int kError = 3;
  constexpr int kWarning = 4;
  const LogLevel ours = level <= kError ? LogLevel::kError : level <= kWarning ? LogLevel::kWarning : LogLevel::kDebug;
  log_event(ours, "kafka", {{"message", std::string(message)}});
}

std::string with_port(const std::string& asked, uint16_t port) {
  Result<BindAddress> address = parse_bind_address(asked);
  MNEMO_CHECK(address.has_value());  // ServeOptions::check()
  address->port = port;
  return address->text();
}

}  // namespace

RunningServer::RunningServer(const CommonOptions& common, const ServeOptions& options)
    : common_(common), options_(options), engine_(Profile::defaults()) {}

Result<std::unique_ptr<RunningServer>> RunningServer::start(const CommonOptions& common, const ServeOptions& options,
                                                            std::string_view version,
                                                            std::shared_ptr<const EmbeddedLogHooks> log_hooks) {
  MNEMO_TRY(options.check());
  for (const std::string& warning : serve_warnings(options)) {
    log_event(LogLevel::kWarning, "start", {{"message", warning}});
  }
  std::unique_ptr<RunningServer> server(new RunningServer(common, options));
  if (options.auth.empty()) {
    server->authenticator_ = std::make_unique<NoAuthentication>();
  } else {
    MNEMO_ASSIGN(auto keys, KeyFile::open(options.auth));
    server->key_file_ = keys.get();
    server->authenticator_ = std::move(keys);
  }
  MNEMO_TRY(server->take_ports());
  MNEMO_TRY(server->open_data(version, std::move(log_hooks)));
  MNEMO_TRY(server->open_doors());
  server->watcher_ = std::jthread([s = server.get()] { s->watch(); });
  return server;
}

Status RunningServer::open_data(std::string_view version, std::shared_ptr<const EmbeddedLogHooks> log_hooks) {
  DataDirOptions dir_options;
  dir_options.log_hooks = std::move(log_hooks);
  if (common_.partitions != 0) dir_options.partitions = common_.partitions;
  MNEMO_ASSIGN(dir_options.kafka, options_.log.member(common_));
  if (dir_options.kafka) dir_options.kafka->kafka.on_log = log_of_kafka;
  MNEMO_ASSIGN(dir_, DataDir::open(common_.data, dir_options, clock_));
  for (const std::string& warning : dir_->log().warnings()) {
    log_event(LogLevel::kWarning, "log", {{"message", warning}});
  }
  const uint64_t cache_bytes = options_.no_cache ? 0 : common_.memory_bytes / kCacheShare;
  NodeOptions node_options;
  node_options.memory_bytes = common_.memory_bytes - cache_bytes;
  node_options.batch.records = common_.batch;
  node_options.emitted = dir_->emitted_file();
  if (cache_bytes > 0) {
    ResultCacheOptions cache_options;
    cache_options.bytes_max = cache_bytes;
    cache_ = std::make_unique<ResultCache>(cache_options);
    node_options.on_commit = [this](PartitionId p, const Touched& touched) { cache_->raise(p, touched); };
  }
  MNEMO_ASSIGN(node_, Node::open(dir_->log(), dir_->key(), clock_, dir_->state_dir(), node_options));

  SchedulerOptions scheduling;
  scheduling.workers = options_.workers;
  scheduling.strategy = parse_strategy(options_.scheduler).value();  // ServeOptions::check()
  scheduler_ = std::make_unique<Scheduler>(scheduling, steady_);
  NodeServiceOptions service_options;
  service_options.version = std::string(version);
  service_options.log = options_.log.kind;
  service_options.cache = cache_.get();
  service_ = std::make_unique<NodeService>(*node_, *scheduler_, engine_, steady_, std::move(service_options));
  MetricsSources sources;
  sources.version = std::string(version);
  sources.started = clock_.now_ms();
  sources.scheduler = [this] { return scheduler_->statistics(); };
  sources.partitions = [this] { return partition_numbers(*node_); };
  if (cache_) sources.result_cache = [this] { return cache_numbers(*cache_); };
  sources.http = [this] { return http_numbers(http_->counters()); };
  metrics_ = std::make_unique<Metrics>(std::move(sources));
  return {};
}

GrpcOptions RunningServer::grpc_options() const {
  GrpcOptions grpc;
  grpc.address = options_.grpc;
  grpc.allowed_hosts = options_.allowed_hosts;
  grpc.allowed_origins = options_.allowed_origins;
  if (!options_.tls_cert.empty()) grpc.tls = TlsFiles{options_.tls_cert, options_.tls_key};
  return grpc;
}

// Before a data directory is made for a server that cannot serve it.
Status RunningServer::take_ports() {
  MNEMO_ASSIGN(const BindAddress address, parse_bind_address(options_.http));
  MNEMO_ASSIGN(http_, HttpServer::listen(http_options(options_, address)));
  return can_listen(grpc_options());
}

Status RunningServer::open_doors() {
  const auto authenticate = [this](const HttpRequest& request) {
    return authenticator_->authenticate(request.header("authorization"));
  };
  const auto metrics = [this](const Principal& principal, const Reply<std::string>& reply) {
    if (const Status may = principal.check_everywhere(Right::kRead); !may) return reply(fail(may.error()));
    const Status posted = service_->look_over([this, reply] { reply(metrics_->text()); });
    if (!posted) reply(fail(posted.error()));
  };
  routes_ = std::make_unique<HttpRoutes>(HttpRoutes::Parts{*service_, steady_, authenticate, metrics, metrics_.get()});
  MNEMO_ASSIGN(grpc_, GrpcServer::start(grpc_options(), *service_, *authenticator_, *metrics_, steady_));
  // Last: whom it tells that the server is ready finds the other open.
  http_->serve(
      [this](const HttpRequest& request, HttpResponder respond) { routes_->handle(request, std::move(respond)); });
  return {};
}

RunningServer::~RunningServer() { static_cast<void>(stop(steady_.now())); }

std::string RunningServer::http_address() const { return with_port(options_.http, http_->port()); }
std::string RunningServer::grpc_address() const { return with_port(options_.grpc, grpc_->port()); }

Status RunningServer::reload() { return key_file_ != nullptr ? key_file_->reload() : Status{}; }

// All three at once: the doors take nothing new, and who answers ends what waits a moment before their time is over, so
// that what they have taken is answered. Then what that stands on.
Status RunningServer::stop(MonotonicTime deadline) {
  if (std::exchange(stopped_, true)) return {};
  stop_watching();
  Status result;
  {
    const std::jthread http([&] {
      if (http_) result = http_->stop(deadline);
    });
    const std::jthread grpc([&] {
      if (grpc_) grpc_->stop(deadline);
    });
    if (service_) service_->stop(deadline - kAnswersLeaveWithin);
  }
  grpc_.reset();
  service_.reset();
  http_.reset();
  if (node_) {
    if (const Status closed = node_->close(); !closed) result = closed;
  }
  if (dir_) {
    if (const Status closed = dir_->log().close(); !closed) result = closed;
  }
  return result;
}

// Nothing activates them by itself: a build before this one could not follow the log any more.
void RunningServer::tell_missing_kinds() const {
  std::vector<Rules> in_force;
  for (uint32_t p = 0; p < node_->partitions(); ++p) in_force.push_back(*node_->projection(PartitionId(p)).rules());
  const KindsOfLog kinds = kinds_of(in_force);
  if (kinds.missing.empty()) return;
  log_event(LogLevel::kWarning, "kinds of events are not active",
            {{"kinds", fmt::format("{}", fmt::join(kinds.missing, " "))}, {"activate", "mnemo rules activate"}});
}

// What the log on Kafka is in, when that changes.
void RunningServer::tell_trouble() {
  if (dir_->kafka() == nullptr) return;
  const std::optional<Error> why = dir_->kafka()->trouble();
  const std::string told = why ? why->message : std::string();
  if (told == trouble_told_) return;
  trouble_told_ = told;
  log_event(why ? LogLevel::kError : LogLevel::kInfo, why ? "log in trouble" : "log in order",
            {{"reason", why ? told : "-"}});
}

// What changes by itself: whether reads are complete, and which partitions stand still.
void RunningServer::watch() {
  std::vector<bool> halted(node_->partitions());
  bool caught_up = false;
  do {
    for (uint32_t p = 0; p < node_->partitions(); ++p) {
      const std::optional<Error> why = node_->halted(PartitionId(p));
      if (why.has_value() == halted[p]) continue;
      halted[p] = why.has_value();
      log_event(why ? LogLevel::kError : LogLevel::kInfo, why ? "partition halted" : "partition goes on",
                {{"partition", std::to_string(p)}, {"reason", why ? why->message : "-"}});
    }
    tell_trouble();
    grpc_->refresh_health();
    if (!caught_up && service_->ready_to_read()) {
      caught_up = true;
      log_event(LogLevel::kInfo, "ready", {});
      tell_missing_kinds();
      if (const Status dropped = dir_->drop_old_states(); !dropped) {
        log_event(LogLevel::kWarning, "old projections stay", {{"reason", dropped.error().message}});
      }
    }
  } while (sleep_watching());
}

// False where it is to end.
bool RunningServer::sleep_watching() {
  const MonotonicTime until = steady_.now() + kWatchInterval;
  MutexLock lock(watch_mutex_);
  while (watching_) {
    if (!watch_changed_.wait_until(lock, until)) break;
  }
  return watching_;
}

void RunningServer::stop_watching() {
  {
    const MutexLock lock(watch_mutex_);
    watching_ = false;
    watch_changed_.notify_all();
  }
  watcher_ = {};
}

}  // namespace mnemo
