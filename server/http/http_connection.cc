#include "server/http/http_connection.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>
#include <string_view>
#include <utility>

#include "server/http/framing.h"
#include "server/http/http_reply.h"
#include "server/http/responses.h"

namespace mnemo {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr size_t kReadBytes = 16 << 10;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
// For the client to read a refusal, or to close in turn.
constexpr auto kFarewellMax = std::chrono::seconds(2);
constexpr size_t kFarewellBytesMax = 32 << 20;
// For the rest of a request, when the server stops.
constexpr auto kLastRequestMax = std::chrono::seconds(2);
// For the client to end TLS in turn: every answer says how long it is, so nothing depends on it.
constexpr auto kTlsEndMax = std::chrono::milliseconds(200);

auto returning(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

bool expects_continue(const HttpParser& parser) {
  const auto& head = parser.get();
  return head.version() >= 11 && boost::beast::iequals(head[http::field::expect], "100-continue");
}

// A client that takes its answer slowly keeps it in memory until then.
HttpResponse unsendable(size_t bytes, const HttpServerOptions& options) {
  if (bytes > options.all_answers_bytes_max) {
    return error_response(
        {Code::kResourceExhausted, fmt::format("the answer has {} bytes, of at most {}: ask for fewer memories at once",
                                               bytes, options.all_answers_bytes_max)});
  }
  return error_response({Code::kUnavailable, "too many large answers wait to be taken: try again", true, 1000});
}

}  // namespace

HttpConnection::HttpConnection(HttpShared& shared, tcp::socket socket, bool crowded)
    : shared_(shared),
      options_(shared.options),
      crowded_(crowded),
      socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      answered_(socket_.get_executor(), asio::steady_timer::time_point::max()),
      buffer_(options_.header_bytes_max + kReadBytes) {
  error_code gone;
  remote_ = socket_.remote_endpoint(gone).address().to_string();
}

asio::awaitable<void> HttpConnection::serve() {
  error_code error;
  socket_.set_option(tcp::no_delay(true), error);
  if (shared_.tls == nullptr) {
    co_await serve_requests(socket_);
  } else {
    asio::ssl::stream<tcp::socket&> secure(socket_, *shared_.tls);
    set_time(options_.request_max);
    if (!shared_.stopping) co_await secure.async_handshake(asio::ssl::stream_base::server, returning(error));
    if (!error) {
      co_await serve_requests(secure);
      set_time(kTlsEndMax);
      co_await secure.async_shutdown(returning(error));
    }
  }
  const bool unread = refused_ || socket_.available(error) > 0;
  if (unread) co_await linger();
  close();
}

void HttpConnection::close_if_idle() {
  asio::post(executor(), [self = shared_from_this()] {
    if (self->idle_) return self->close();
    // One that is not here whole is not under way: it has a moment to come.
    if (self->reading_) self->set_time(kLastRequestMax);
  });
}

void HttpConnection::cut_off() {
  asio::post(executor(), [self = shared_from_this()] {
    self->cut_off_ = true;
    self->answered_.cancel();
    self->close();
  });
}

template <typename Stream>
asio::awaitable<void> HttpConnection::serve_requests(Stream& stream) {
  bool goes_on = true;
  while (goes_on) {
    goes_on = co_await await_request(stream);
    if (goes_on) goes_on = co_await serve_request(stream);
  }
}

template <typename Stream>
asio::awaitable<bool> HttpConnection::await_request(Stream& stream) {
  if (shared_.stopping) co_return false;
  if (buffer_.size() > 0) co_return true;
  idle_ = true;
  set_time(options_.idle_max);
  const size_t bytes = co_await read_some(stream);
  idle_ = false;
  // Closed meanwhile, it has nobody to answer: what came is not begun.
  co_return bytes > 0 && socket_.is_open();
}

template <typename Stream>
asio::awaitable<bool> HttpConnection::serve_request(Stream& stream) {
  BodyShare share(shared_.bodies);
  HttpParser parser;
  parser.get().body().share = &share;
  HttpRequest request;
  reading_ = true;
  std::optional<HttpResponse> response = co_await read(stream, parser, request);
  reading_ = false;
  HttpFraming framing;
  if (parser.is_header_done()) framing.head_only = parser.get().method() == http::verb::head;
  if (response) {
    ++shared_.refused;
    refused_ = true;
    // What follows on the connection would be taken for the next request: no other may.
    co_await write(stream, std::move(*response), framing);
    co_return false;
  }
  if (!parser.is_done()) co_return false;
  ++shared_.requests;
  request.body = std::move(parser.get().body().text);
  response = co_await ask(std::move(request));
  if (!response) co_return false;
  framing.version = parser.get().version();
  framing.keep_alive = parser.keep_alive() && !shared_.stopping;
  const bool written = co_await write(stream, std::move(*response), framing);
  co_return written&& framing.keep_alive;
}

template <typename Stream>
asio::awaitable<std::optional<HttpResponse>> HttpConnection::read(Stream& stream, HttpParser& parser,
                                                                  HttpRequest& request) {
  parser.header_limit(static_cast<uint32_t>(options_.header_bytes_max));
  parser.body_limit(options_.body_bytes_max);
  set_time(options_.request_max);
  bool head_checked = false;
  size_t head_bytes = 0;
  while (true) {
    error_code error;
    const size_t used = buffer_.size() > 0 ? parser.put(buffer_.cdata(), error) : 0;
    const std::string_view taken(static_cast<const char*>(buffer_.cdata().data()), used);
    buffer_.consume(used);  // the bytes stay until more are read
    if (error && error != http::error::need_more) co_return refusal_of(error, options_);
    if (parser.is_header_done() && !head_checked) {
      head_checked = true;
      // Beast's own limit leaves out the last line's end.
      if (head_bytes + used > options_.header_bytes_max) co_return header_refusal(options_);
      std::optional<HttpResponse> refusal = check_head(parser, taken, request);
      if (refusal) co_return refusal;
      parser.eager(true);  // not before, so that the bytes of the head can be told from those of the body
      if (!parser.is_done() && buffer_.size() > 0) continue;
      if (!parser.is_done() && expects_continue(parser)) {
        co_await asio::async_write(stream, asio::buffer(kContinue), returning(error));
      }
    }
    if (parser.is_done()) co_return std::nullopt;
    head_bytes += used;
    if (buffer_.size() == buffer_.max_size()) co_return header_refusal(options_);
    const size_t bytes = co_await read_some(stream);
    if (bytes == 0 && time_over_) co_return late_refusal(options_);
    if (bytes == 0) co_return std::nullopt;
  }
}

std::optional<HttpResponse> HttpConnection::check_head(const HttpParser& parser, std::string_view bytes,
                                                       HttpRequest& request) {
  if (crowded_) return crowded_refusal(options_);
  if (std::optional<HttpResponse> refusal = check_framing(parser, bytes)) return refusal;
  Result<HttpRequest> head = request_head(parser);
  if (!head) return error_response(head.error());
  if (const Status status = shared_.guard.check(head->headers); !status) return error_response(status.error());
  request = std::move(*head);
  request.remote = remote_;
  return std::nullopt;
}

asio::awaitable<std::optional<HttpResponse>> HttpConnection::ask(HttpRequest request) {
  end_time();
  const auto reply = std::make_shared<HttpReply>(
      [self = shared_from_this()] { asio::post(self->executor(), [self] { self->answered_.cancel(); }); });
  shared_.handler(std::move(request), HttpReply::responder(reply));
  std::optional<HttpResponse> response = reply->take();
  while (!response && !cut_off_) {
    error_code cancelled;
    co_await answered_.async_wait(returning(cancelled));
    response = reply->take();
  }
  reply->abandon();
  co_return response;
}

template <typename Stream>
asio::awaitable<bool> HttpConnection::write(Stream& stream, HttpResponse response, HttpFraming framing) {
  const bool head_only = framing.head_only;
  BodyShare share(shared_.answers);
  if (!share.grow_to(response.body.size())) response = unsendable(response.body.size(), options_);
  HttpWireResponse message = wire_response(std::move(response), framing);
  http::response_serializer<http::string_body> serializer(message);
  set_time(options_.answer_max);
  error_code error;
  size_t bytes = 0;
  if (head_only) {
    bytes = co_await http::async_write_header(stream, serializer, returning(error));
  } else {
    bytes = co_await http::async_write(stream, serializer, returning(error));
  }
  shared_.sent_bytes += bytes;
  co_return !error;
}

template <typename Stream>
asio::awaitable<size_t> HttpConnection::read_some(Stream& stream) {
  if (time_over_) co_return 0;
  error_code error;
  const auto space = buffer_.prepare(std::min(kReadBytes, buffer_.max_size() - buffer_.size()));
  const size_t bytes = co_await stream.async_read_some(space, returning(error));
  if (error) co_return 0;
  buffer_.commit(bytes);
  shared_.received_bytes += bytes;
  co_return bytes;
}

// To close with bytes unread would make the system throw away what was sent and not yet taken.
asio::awaitable<void> HttpConnection::linger() {
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  set_time(kFarewellMax);
  std::array<char, kReadBytes> dropped;
  for (size_t bytes = 0; !error && !time_over_ && bytes < kFarewellBytesMax;) {
    bytes += co_await socket_.async_read_some(asio::buffer(dropped), returning(error));
  }
}

void HttpConnection::set_time(std::chrono::milliseconds most) {
  time_over_ = false;
  time_end_ = steady_clock::now() + most;
  if (time_end_ < timer_end_) start_timer(time_end_);
}

void HttpConnection::end_time() {
  time_over_ = false;
  time_end_ = steady_clock::time_point::max();
}

void HttpConnection::start_timer(steady_clock::time_point at) {
  timer_end_ = at;
  timer_.expires_at(at);
  timer_.async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->on_timer();
  });
}

// The operation under way is cancelled, so that something may still be said. One that consists of several and stood
// between two of them goes on: the connection is closed a while later.
void HttpConnection::on_timer() {
  const auto now = steady_clock::now();
  if (timer_end_ > now) return;  // ended just before it was set anew
  timer_end_ = steady_clock::time_point::max();
  if (time_end_ == steady_clock::time_point::max()) return;
  if (time_end_ > now) return start_timer(time_end_);
  if (time_over_) return close();
  time_over_ = true;
  error_code ignored;
  socket_.cancel(ignored);
  time_end_ = now + kFarewellMax;
  start_timer(time_end_);
}

void HttpConnection::close() {
  end_time();
  timer_end_ = steady_clock::time_point::max();
  timer_.cancel();  // which keeps this
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace mnemo
