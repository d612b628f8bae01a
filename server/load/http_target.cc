#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "events/ids.h"
#include "server/load/answers.h"
#include "server/load/target.h"

namespace mnemo {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kConnectAgain = std::chrono::milliseconds(100);

auto returning(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

// A connection that is kept, and the request on it.
struct Client {
  explicit Client(asio::io_context& io) : stream(io), pause(io) {}

  beast::tcp_stream stream;
  asio::steady_timer pause;
  beast::flat_buffer buffer;
  bool connected = false;
};

class HttpTarget final : public LoadTarget {
 public:
  HttpTarget(LoadTargetOptions options, std::string host, std::string port)
      : options_(std::move(options)), host_(std::move(host)), port_(std::move(port)), work_(io_.get_executor()) {}

  ~HttpTarget() override {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Status connect(size_t clients, Done done) override {
    done_ = std::move(done);
    error_code error;
    endpoints_ = tcp::resolver(io_).resolve(host_, port_, error);
    for (size_t i = 0; i < clients && !error; ++i) {
      Client& client = *clients_.emplace_back(std::make_unique<Client>(io_));
      asio::connect(client.stream.socket(), endpoints_, error);
      if (!error) opened(client);
    }
    if (error) {
      return fail(Code::kUnavailable, fmt::format("no answer from {} ({}): is `mnemo serve` running there? --server "
                                                  "names another server",
                                                  options_.address, error.message()));
    }
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  void send(size_t client, const LoadRequest& request) override {
    asio::dispatch(io_, [this, client, request] { asio::co_spawn(io_, exchange(client, request), asio::detached); });
  }

  void cancel() override {
    asio::post(io_, [this] {
      cancelled_ = true;
      for (const auto& client : clients_) {
        client->pause.cancel();
        client->stream.cancel();
      }
    });
  }

 private:
  static void opened(Client& client) {
    error_code ignored;
    client.stream.socket().set_option(tcp::no_delay(true), ignored);
    client.buffer.clear();
    client.connected = true;
  }

  asio::awaitable<void> exchange(size_t number, LoadRequest request) {
    Client& client = *clients_[number];
    client.stream.expires_after(kLoadRequestMax);
    const HttpPost post = http_post(request);
    http::request<http::string_body> message(http::verb::post, post.path, 11, post.body);
    message.set(http::field::host,
                host_.find(':') == std::string::npos ? host_ + ":" + port_ : fmt::format("[{}]:{}", host_, port_));
    message.set(http::field::content_type, "application/json");
    if (!options_.api_key.empty()) message.set(http::field::authorization, "Bearer " + options_.api_key);
    message.prepare_payload();
    http::response_parser<http::string_body> response;
    response.body_limit(boost::none);
    error_code error = co_await reach(client);
    const MonotonicTime sent = std::chrono::steady_clock::now();
    if (!error) co_await http::async_write(client.stream, message, returning(error));
    if (!error) co_await http::async_read(client.stream, client.buffer, response, returning(error));
    const MonotonicTime received = std::chrono::steady_clock::now();
    if (error || !response.get().keep_alive()) {
      client.stream.close();
      client.connected = false;
    }
    LoadAnswer answer = error ? LoadAnswer::failed(code_of(error))
                              : load_answer(request, response.get().result_int(), response.get().body());
    answer.sent = sent;
    answer.received = received;
    done_(number, answer);
  }

  // Until the request's time is over.
  asio::awaitable<error_code> reach(Client& client) {
    error_code error;
    const auto late = std::chrono::steady_clock::now() + kLoadRequestMax;
    while (!client.connected && !cancelled_) {
      co_await client.stream.async_connect(endpoints_, returning(error));
      if (!error) {
        opened(client);
      } else if (std::chrono::steady_clock::now() > late || error == beast::error::timeout) {
        co_return error;
      } else {
        client.pause.expires_after(kConnectAgain);
        co_await client.pause.async_wait(returning(error));
      }
    }
    if (cancelled_) error = asio::error::operation_aborted;
    co_return error;
  }

  Code code_of(const error_code& error) const {
    if (cancelled_) return Code::kCancelled;
    return error == beast::error::timeout ? Code::kDeadlineExceeded : Code::kUnavailable;
  }

  const LoadTargetOptions options_;
  const std::string host_;
  const std::string port_;
  Done done_;
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  tcp::resolver::results_type endpoints_;
  std::vector<std::unique_ptr<Client>> clients_;
  bool cancelled_ = false;  // of the thread
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<LoadTarget>> http_load_target(const LoadTargetOptions& options) {
  constexpr std::string_view kScheme = "http://";
  std::string_view rest = options.address;
  if (!rest.starts_with(kScheme)) {
    return fail(Code::kInvalidArgument,
                fmt::format("--server {}: bench asks http://HOST:PORT; for TLS there is --grpc with --ca-cert",
                            options.address));
  }
  rest.remove_prefix(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const size_t colon = rest.rfind(':');
  const bool has_port = colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos;
  std::string_view host = has_port ? rest.substr(0, colon) : rest;
  const std::string_view port = has_port ? rest.substr(colon + 1) : "80";
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || port.empty() || rest.find('/') != std::string_view::npos) {
    return fail(Code::kInvalidArgument, fmt::format("--server {}: give http://HOST:PORT", options.address));
  }
  return std::make_unique<HttpTarget>(options, std::string(host), std::string(port));
}

}  // namespace mnemo
