#include "server/grpc/grpc_server.h"

#include <absl/synchronization/mutex.h>
#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/health/v1/health.pb.h>
#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>
#include <vector>

#include "server/grpc/door_sockets.h"
#include "server/grpc/exchange.h"
#include "server/grpc/grpc_limits.h"
#include "server/grpc/listen.h"
#include "server/grpc/open_exchanges.h"
#include "server/grpc/rpcs.h"
#include "server/service/request_guard.h"

namespace mnemo {

struct GrpcServer::Parts {
  Parts(Service& asked, RequestGuard guarding, const Authenticator& authenticator, RequestObserver& observer,
        const MonotonicClock& clock)
      : service(asked), guard(std::move(guarding)), door{authenticator, guard, observer, clock, open} {}

  Service& service;
  const RequestGuard guard;
  OpenExchanges open{};
  const ExchangeContext door;
  std::vector<std::unique_ptr<Rpcs>> rpcs{};
  int port = 0;
  DoorSockets sockets{};
  std::unique_ptr<grpc::Server> server{};
};

namespace {

// Of the whole process, and before the first server is built.
void prepare_grpc() {
  static const bool once = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    // Reflection finds what is linked, and only what somebody uses is.
    MNEMO_CHECK(grpc::health::v1::HealthCheckRequest::descriptor() != nullptr);
    // What gRPC logs by itself is what clients did wrong, and what start() says better. Its own variable turns it on.
    if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});
    // Protobuf would print a line for each string that is no UTF-8, which its sender is told anyway.
    google::protobuf::SetLogHandler(nullptr);
    // Debian builds Abseil with what debugging needs: every lock of gRPC's would be entered into a graph of them all.
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    return true;
  }();
  static_cast<void>(once);
}

int milliseconds(std::chrono::milliseconds span) { return static_cast<int>(span.count()); }

void bound(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kRequestBytesMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(kKeepaliveEvery));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, milliseconds(kKeepaliveTimeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, milliseconds(kClientPingsApart));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, milliseconds(kIdleConnectionMax));
  // gRPC shares a port by default: a second server on it would start, and take half of the first one's clients.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);

  // gRPC bounds a message as it is sent and inflates it without a bound: 16 MiB could become 16 GiB.
  for (const auto algorithm : {GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP}) {
    builder.SetCompressionAlgorithmSupportStatus(algorithm, false);
  }

  grpc::ResourceQuota quota("mnemo");
  quota.Resize(kBuffersBytesMax);
  quota.SetMaxThreads(kReflectionThreadsMax);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
}

// Clients read what was sent to them, and the end of their connections. Who has asked nothing lately has nothing to
// read, and need not be waited for: some clients look at a connection every few seconds only.
void end_connections(OpenExchanges& open, const DoorSockets& sockets) {
  open.set_entry(Entry::kUnanswered);
  sockets.leave_unread();
  open.wait_for_refused_until(std::chrono::steady_clock::now() + kLastAnswersMax);
  // What gRPC has read already it has something to say to, such as a ping; and most clients have read theirs by then.
  std::this_thread::sleep_until(open.last_sent() + kAnswersSettle);
  sockets.end_sending();
  const auto until = open.last_sent() + kAnswersReadMax;
  while (std::chrono::steady_clock::now() < until && sockets.connections() > 0) {
    std::this_thread::sleep_for(kAnswersReadEvery);
  }
}

}  // namespace

GrpcServer::GrpcServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(const GrpcOptions& options, Service& service,
                                                      const Authenticator& authenticator, RequestObserver& observer,
                                                      const MonotonicClock& clock) {
  prepare_grpc();
  MNEMO_ASSIGN(const auto listen_as, credentials(options));
  MNEMO_ASSIGN(RequestGuard guard, guard_of(options));
  std::unique_ptr<Parts> parts(new Parts(service, std::move(guard), authenticator, observer, clock));
  parts->rpcs = all_rpcs(service, parts->door);
  grpc::ServerBuilder builder;
  bound(builder);
  builder.AddListeningPort(options.address, listen_as, &parts->port);
  for (const auto& rpcs : parts->rpcs) builder.RegisterService(rpcs.get());
  parts->server = builder.BuildAndStart();
  if (!parts->server) return fail(why_not_listening(options));
  parts->sockets.listening(static_cast<uint16_t>(parts->port));
  std::unique_ptr<GrpcServer> server(new GrpcServer(std::move(parts)));
  server->refresh_health();
  return server;
}

GrpcServer::~GrpcServer() { stop(parts_->door.clock.now()); }

uint16_t GrpcServer::port() const { return static_cast<uint16_t>(parts_->port); }

void GrpcServer::refresh_health() {
  const bool read = parts_->service.ready_to_read().has_value();
  const bool write = parts_->service.ready_to_write().has_value();
  grpc::HealthCheckServiceInterface& health = *parts_->server->GetHealthCheckService();
  health.SetServingStatus("read", read);
  health.SetServingStatus("write", write);
  health.SetServingStatus("", read && write);
  const google::protobuf::FileDescriptor& file = *v1::RememberRequest::descriptor()->file();
  for (int i = 0; i < file.service_count(); ++i) health.SetServingStatus(file.service(i)->full_name(), read && write);
}

void GrpcServer::stop(MonotonicTime deadline) {
  if (!parts_->server) return;
  parts_->server->GetHealthCheckService()->Shutdown();
  parts_->sockets.refuse_new();
  parts_->open.set_entry(Entry::kRefused);
  // No request lasts longer than kDeadlineMax.
  const MonotonicSpan left =
      std::clamp<MonotonicSpan>(deadline - parts_->door.clock.now(), MonotonicSpan(0), kDeadlineMax);
  for (const auto& exchange : parts_->open.wait_until(std::chrono::steady_clock::now() + left)) {
    exchange->refuse({Code::kUnavailable,
                      "this server is stopping before the request has ended, which may yet take effect: ask again, a "
                      "write with the same key",
                      true});
  }
  static_cast<void>(parts_->open.wait_until(std::chrono::steady_clock::now() + kLastAnswersMax));
  end_connections(parts_->open, parts_->sockets);
  // It cancels what comes now. Nobody hears of that, but that the connection has ended, which is UNAVAILABLE.
  parts_->server->Shutdown(std::chrono::system_clock::now());
  parts_->server.reset();
}

}  // namespace mnemo
