// File: server/http/http_connection.h
// One connection of an HttpServer, from the handshake to the last byte.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/body_budget.h"
#include "server/http/http_server.h"
#include "server/http/http_wire.h"
#include "server/service/request_guard.h"

namespace mnemo {

// What the connections of a server share. It outlives them.
struct HttpShared {
  explicit HttpShared(HttpServerOptions given)
      : options(std::move(given)),
        guard(options.host, options.allowed_hosts, options.allowed_origins),
        bodies(options.all_bodies_bytes_max),
        answers(options.all_answers_bytes_max) {}

  const HttpServerOptions options;
  HttpHandler handler;  // set before there are connections
  const RequestGuard guard;
  std::unique_ptr<boost::asio::ssl::context> tls;  // null: none

  BodyBudget bodies;
  BodyBudget answers;
  std::atomic<bool> stopping{false};
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> refused{0};
  std::atomic<uint64_t> received_bytes{0};
  std::atomic<uint64_t> sent_bytes{0};
};

// All that it does, it does on the executor of its socket, which must run one thing at a time.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  // `crowded`: there are too many, and this one is told so and nothing else.
  HttpConnection(HttpShared& shared, boost::asio::ip::tcp::socket socket, bool crowded);

  boost::asio::ip::tcp::socket::executor_type executor() { return socket_.get_executor(); }

  // Until either side closes. Called once.
  boost::asio::awaitable<void> serve();

  // From any thread. The first closes a connection on which no request is under way; the second any.
  void close_if_idle();
  void cut_off();

 private:
  template <typename Stream>
  boost::asio::awaitable<void> serve_requests(Stream& stream);
  // False when none comes.
  template <typename Stream>
  boost::asio::awaitable<bool> await_request(Stream& stream);
  // False when no other may follow.
  template <typename Stream>
  boost::asio::awaitable<bool> serve_request(Stream& stream);
  // What to answer where it is refused. Where it is not, `parser` is done, or the client is gone.
  template <typename Stream>
  boost::asio::awaitable<std::optional<HttpResponse>> read(Stream& stream, HttpParser& parser, HttpRequest& request);
  template <typename Stream>
  boost::asio::awaitable<bool> write(Stream& stream, HttpResponse response, HttpFraming framing);
  // 0: the other side closed, or the time is over.
  template <typename Stream>
  boost::asio::awaitable<size_t> read_some(Stream& stream);
  boost::asio::awaitable<std::optional<HttpResponse>> ask(HttpRequest request);
  boost::asio::awaitable<void> linger();

  std::optional<HttpResponse> check_head(const HttpParser& parser, std::string_view bytes, HttpRequest& request);

  // The operations that begin from now on end with an error when the time is over. One time at a time. The timer is not
  // set anew for each: it looks, when it ends, whether that was the time.
  void set_time(std::chrono::milliseconds most);
  void end_time();
  void start_timer(std::chrono::steady_clock::time_point at);
  void on_timer();
  void close();

  HttpShared& shared_;
  const HttpServerOptions& options_;
  const bool crowded_;
  boost::asio::ip::tcp::socket socket_;
  std::string remote_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point time_end_ = std::chrono::steady_clock::time_point::max();
  std::chrono::steady_clock::time_point timer_end_ = std::chrono::steady_clock::time_point::max();
  boost::asio::steady_timer answered_;  // never ends: cancelled when the answer is there
  boost::beast::flat_buffer buffer_;
  bool idle_ = true;
  bool reading_ = false;
  bool time_over_ = false;
  bool cut_off_ = false;
  bool refused_ = false;
};

}  // namespace mnemo
