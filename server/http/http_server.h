// File: server/http/http_server.h
// HTTP/1.1 over TCP or TLS: connections, their limits and their times. It does not know what is asked.
//
//   MNEMO_ASSIGN(auto server, HttpServer::start(options, [](HttpRequest request, HttpResponder respond) { ... }));
//   server->port();
//   server->stop(deadline);
//
// A connection costs memory and no thread: it is a coroutine on the few threads of the server. It serves one request at
// a time; the next, even if it came together with the one before, is read when that one is answered. What the transport
// itself refuses has the JSON form of every other error.
//
// Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "events/result.h"
#include "manager/monotonic_clock.h"
#include "server/http/http_message.h"

namespace mnemo {

struct HttpServerOptions {
  std::string host = "127.0.0.1";  // a literal IPv4 or IPv6 address
  uint16_t port = 0;               // 0: any that is free
  size_t threads = 2;

  std::string tls_cert;  // PEM file of the certificate and those between it and a root; empty: no TLS
  std::string tls_key;   // PEM file

  // Names that a Host header may give, without port. On a loopback address those of this machine are always among
  // them, and others are refused (DNS rebinding); on another address an empty list allows any.
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> allowed_origins;  // of web pages, whole: "https://app.example"; all others are refused

  // Told, from a thread of the server's, when no connection can be accepted, and once more at most in each minute that
  // it goes on. Empty: nobody.
  std::function<void(const Error&)> on_accept_failure;

  size_t header_bytes_max = 16 << 10;             // request line and headers: 431
  size_t body_bytes_max = 16 << 20;               // 413
  size_t all_bodies_bytes_max = 64 << 20;         // of all requests that are not answered yet: 503
  size_t all_answers_bytes_max = 64 << 20;        // that are not taken yet: 503; one that is larger: 429
  size_t connections_max = 1024;                  // 503 and closed
  std::chrono::milliseconds idle_max{75'000};     // between requests: closed
  std::chrono::milliseconds request_max{30'000};  // to send one whole, from its first byte; TLS handshake: 408
  std::chrono::milliseconds answer_max{30'000};   // to take the answer: closed
};

struct HttpCounters {
  uint64_t requests = 0;        // read whole, and given to the handler
  uint64_t refused = 0;         // by the transport: requests and connections
  uint64_t accepted = 0;        // connections
  uint64_t connections = 0;     // now
  uint64_t body_bytes = 0;      // now, of requests that are not answered yet
  uint64_t received_bytes = 0;  // TLS taken off
  uint64_t sent_bytes = 0;      // of answers
};

class HttpServer {
 public:
  // UNAVAILABLE: the port is in use. INVALID_ARGUMENT: no such address here, or certificate and key that do not serve.
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, HttpHandler handler);
  // The two halves of it, for who has something to make ready between them: from the first on the port is taken and
  // connections wait in the system's queue, from the second, called once, they are served.
  static Result<std::unique_ptr<HttpServer>> listen(HttpServerOptions options);
  void serve(HttpHandler handler);
  // As stop() without time.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;
  // Takes no more connections, closes idle ones, and waits until the requests under way, from their first byte on, are
  // answered. Those that are not by the deadline are cut off: DEADLINE_EXCEEDED, with how many.
  Status stop(MonotonicTime deadline);
  HttpCounters counters() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace mnemo
