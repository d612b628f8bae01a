#include "server/http/http_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <exception>
#include <thread>
#include <unordered_set>
#include <utility>

#include "events/mutex.h"
#include "server/http/http_connection.h"
#include "server/http/tls_context.h"

namespace mnemo {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAcceptPause = std::chrono::milliseconds(100);  // when there are no descriptors left
constexpr auto kAcceptFailureToldEvery = std::chrono::minutes(1);
constexpr size_t kCrowdedMax = 64;  // connections that are being told that there are too many; others are just closed

Error listen_error(const HttpServerOptions& options, const error_code& error) {
  if (error == asio::error::address_in_use) {
    return {Code::kUnavailable,
            fmt::format("port {} of {} is in use: stop who has it, perhaps another mnemo, or choose "
                        "another with --http",
                        options.port, options.host)};
  }
  return {Code::kInvalidArgument,
          fmt::format("cannot listen on port {} of {} (--http): {}", options.port, options.host, error.message())};
}

// While there are no descriptors left, connections wait in the system's queue.
Error accept_error(const error_code& error) {
  const bool full = error == asio::error::no_descriptors || error == boost::system::errc::too_many_files_open_in_system;
  return {Code::kResourceExhausted,
          fmt::format("no connection can be accepted: {}{}", error.message(),
                      full ? "; new ones wait until others are closed: raise the limit on open files (ulimit -n, or "
                             "LimitNOFILE of a systemd unit)"
                           : "; it is tried again"),
          true};
}

// Out of memory in a function of the server's own threads: nothing there could go on.
void rethrow(const std::exception_ptr& exception) {
  if (exception) std::rethrow_exception(exception);
}

}  // namespace

// A thread, and the connections that are its own: what happens on one of them wakes no other thread.
struct Loop {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> runs_on{io.get_executor()};
};

class HttpServer::Impl {
 public:
  explicit Impl(HttpServerOptions options)
      : loops_(std::max<size_t>(options.threads, 1)), shared_(std::move(options)) {}

  Status listen() {
    if (!shared_.options.tls_cert.empty() || !shared_.options.tls_key.empty()) {
      MNEMO_ASSIGN(shared_.tls, make_tls_context(shared_.options.tls_cert, shared_.options.tls_key));
    }
    return take_port();
  }

  void serve(HttpHandler handler) {
    shared_.handler = std::move(handler);
    asio::co_spawn(acceptor_.get_executor(), accept_all(), rethrow);
    for (Loop& loop : loops_) threads_.emplace_back([&loop] { loop.io.run(); });
  }

  Status stop(MonotonicTime deadline) {
    const MutexLock once(stop_mutex_);
    if (shared_.stopping.exchange(true)) return {};
    asio::post(acceptor_.get_executor(), [this] {
      error_code ignored;
      acceptor_.close(ignored);
      accept_pause_.cancel();
    });
    const size_t left = close_all(deadline);
    // Ends when nothing is left to do: every connection ends by itself, since its socket is closed.
    for (Loop& loop : loops_) loop.runs_on.reset();
    threads_.clear();
    if (left == 0) return {};
    return fail(Code::kDeadlineExceeded, fmt::format("{} HTTP connections were cut off", left));
  }

  uint16_t port() const { return port_; }

  HttpCounters counters() const {
    HttpCounters counters;
    counters.requests = shared_.requests;
    counters.refused = shared_.refused;
    counters.body_bytes = shared_.bodies.used();
    counters.received_bytes = shared_.received_bytes;
    counters.sent_bytes = shared_.sent_bytes;
    const MutexLock lock(mutex_);
    counters.accepted = accepted_;
    counters.connections = connections_.size();
    return counters;
  }

 private:
  Status take_port() {
    const HttpServerOptions& options = shared_.options;
    error_code error;
    const auto address = asio::ip::make_address(options.host, error);
    if (error) {
      return fail(Code::kInvalidArgument, fmt::format("'{}' (--http) is no IPv4 or IPv6 address", options.host));
    }
    const tcp::endpoint endpoint(address, options.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) return fail(listen_error(options, error));
    port_ = acceptor_.local_endpoint(error).port();
    return {};
  }

  asio::awaitable<void> accept_all() {
    while (acceptor_.is_open()) {
      error_code error;
      tcp::socket socket(loops_[accepts_for_++ % loops_.size()].io);
      co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
      if (!error) {
        take(std::move(socket));
      } else if (acceptor_.is_open()) {
        tell_accept_failure(error);
        accept_pause_.expires_after(kAcceptPause);
        co_await accept_pause_.async_wait(asio::redirect_error(asio::use_awaitable, error));
      }
    }
  }

  void tell_accept_failure(const error_code& error) {
    const auto now = std::chrono::steady_clock::now();
    if (!shared_.options.on_accept_failure || now < accept_failure_next_) return;
    accept_failure_next_ = now + kAcceptFailureToldEvery;
    shared_.options.on_accept_failure(accept_error(error));
  }

  void take(tcp::socket socket) {
    std::shared_ptr<HttpConnection> connection;
    {
      const MutexLock lock(mutex_);
      ++accepted_;
      const size_t most = shared_.options.connections_max;
      if (connections_.size() >= most + kCrowdedMax) {
        ++shared_.refused;
        return;
      }
      const bool crowded = connections_.size() >= most;
      connection = std::make_shared<HttpConnection>(shared_, std::move(socket), crowded);
      connections_.insert(connection);
    }
    // It throws what memory throws, and that ends the connection.
    asio::co_spawn(connection->executor(), connection->serve(), [this, connection](const std::exception_ptr&) {
      connection->cut_off();
      const MutexLock lock(mutex_);
      connections_.erase(connection);
      if (connections_.empty()) ended_.notify_all();
    });
  }

  // How many had to be cut off.
  size_t close_all(MonotonicTime deadline) {
    MutexLock lock(mutex_);
    for (const auto& connection : connections_) connection->close_if_idle();
    while (!connections_.empty()) {
      if (!ended_.wait_until(lock, deadline)) break;
    }
    for (const auto& connection : connections_) connection->cut_off();
    return connections_.size();
  }

  std::deque<Loop> loops_;
  HttpShared shared_;
  uint16_t port_ = 0;

  mutable Mutex mutex_;
  Condition ended_;
  std::unordered_set<std::shared_ptr<HttpConnection>> connections_ MNEMO_GUARDED_BY(mutex_);
  uint64_t accepted_ MNEMO_GUARDED_BY(mutex_) = 0;

  // Of the first loop's thread.
  tcp::acceptor acceptor_{loops_.front().io};
  asio::steady_timer accept_pause_{loops_.front().io};
  size_t accepts_for_ = 0;
  std::chrono::steady_clock::time_point accept_failure_next_{};
  Mutex stop_mutex_;
  std::vector<std::jthread> threads_;
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, HttpHandler handler) {
  MNEMO_ASSIGN(auto server, listen(std::move(options)));
  server->serve(std::move(handler));
  return server;
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(HttpServerOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  MNEMO_TRY(impl->listen());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

void HttpServer::serve(HttpHandler handler) { impl_->serve(std::move(handler)); }

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { static_cast<void>(impl_->stop(MonotonicTime::clock::now())); }

uint16_t HttpServer::port() const { return impl_->port(); }
Status HttpServer::stop(MonotonicTime deadline) { return impl_->stop(deadline); }
HttpCounters HttpServer::counters() const { return impl_->counters(); }

}  // namespace mnemo
