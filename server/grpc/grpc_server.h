// File: server/grpc/grpc_server.h
// The gRPC door: mnemo.v1 as service.proto has it, over a Service; beside it server reflection and grpc.health.v1.
//
//   MNEMO_ASSIGN(auto server, GrpcServer::start({.address = "127.0.0.1:7071"}, service, keys, observer, clock));
//   ...
//   server->stop(clock.now() + 10s);
//
// Metadata of a request: `authorization` ("Bearer KEY", asked of every rpc but reflection and health), and those of
// server/service/call_metadata.h; each once. Its deadline is the client's, 30 s without one and
// 300 s at most; a tenth of what is left, 100 ms at most, is kept for the way back, so that a write that is durable and
// not applied in time is answered `pending` while the client still listens. A client that goes away, or a deadline that
// passes, ends the exchange and not what it began.
//
// A refusal has the code of its Error, which is gRPC's, its message, and in the trailing metadata `retryable` ("true"
// or "false") and, where it is known, `retry-after-ms`.
//
//   PERMISSION_DENIED   `:authority` names another server, or `origin` a web page that may not ask
//   UNAUTHENTICATED     before the request is looked at, also of an rpc that is not served
//   INVALID_ARGUMENT    bytes that are no such message, a string that is no UTF-8, a field number or an enum's value
//                       that this build does not know, at any depth; metadata that break their rules
//   UNAVAILABLE         the server is stopping
//   RESOURCE_EXHAUSTED  a request over 16 MiB (from gRPC itself, without those metadata), an answer over 64 MiB
//   UNIMPLEMENTED       by name, what Service does not do; a compressed request (from gRPC)
//
// No request holds a thread while it waits. server/grpc/grpc_limits.h has the limits. Reflection and health tell what
// the schema is and whether this process answers, to anyone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/service/auth.h"
#include "server/service/observer.h"
#include "server/service/service.h"

namespace mnemo {

struct TlsFiles {
  std::filesystem::path certificate;  // PEM: the server's, then those that lead to its root
  std::filesystem::path key;          // PEM, of the first of them
};

struct GrpcOptions {
  std::string address = "127.0.0.1:7071";  // HOST:PORT, [IPV6]:PORT; port 0 is one that is free
  std::optional<TlsFiles> tls{};           // none: plain text
  // What `:authority` and `origin` may be: RequestGuard's.
  std::vector<std::string> allowed_hosts{};
  std::vector<std::string> allowed_origins{};
};

class GrpcServer {
 public:
  // What it is given outlives it. INVALID_ARGUMENT: an address that is none, files that are no certificate and its key;
  // NOT_FOUND: a file; UNAVAILABLE: the address is in use or not this machine's. Each says what to do.
  static Result<std::unique_ptr<GrpcServer>> start(const GrpcOptions& options, Service& service,
                                                   const Authenticator& authenticator, RequestObserver& observer,
                                                   const MonotonicClock& clock);
  // Stops at once.
  ~GrpcServer();

  uint16_t port() const;

  // Asks the service whether it is ready and tells who watches grpc.health.v1: "" and the services' names serve when it
  // is ready for both, "read" and "write" when for that. To be called whenever that may have changed; start() does.
  void refresh_health();

  // Refuses what comes new as UNAVAILABLE (retryable), tells watchers NOT_SERVING, and ends when all answers are sent;
  // at the deadline what is left is told UNAVAILABLE (retryable) too: what it began goes on. Nobody new connects
  // meanwhile. Then connections end when their clients have read what was sent, or half a second after that; what their
  // clients still ask is not answered, which is UNAVAILABLE to them. A second call does nothing. For one thread.
  void stop(MonotonicTime deadline);

 private:
  struct Parts;
  explicit GrpcServer(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace mnemo
