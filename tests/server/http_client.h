// File: tests/server/http_client.h
// A client that says what it is told to, byte for byte; and a handler that holds requests until the test answers them.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "events/mutex.h"
#include "server/http/http_server.h"

namespace mnemo {

using ClientResponse = boost::beast::http::response<boost::beast::http::string_body>;

// Reads one answer from a stream; status 0 where there is none.
template <typename Stream>
ClientResponse receive_from(Stream& stream, boost::beast::flat_buffer& buffer, bool head_only = false) {
  boost::beast::http::response_parser<boost::beast::http::string_body> parser;
  parser.body_limit(boost::none);
  parser.skip(head_only);
  boost::system::error_code error;
  boost::beast::http::read(stream, buffer, parser, error);
  ClientResponse response = parser.release();
  if (error) response.result(0U);
  return response;
}

class TestClient {
 public:
  explicit TestClient(uint16_t port, const char* address = "127.0.0.1") : socket_(io_) {
    socket_.connect({boost::asio::ip::make_address(address), port});
  }

  // False where the other side has gone.
  bool send(std::string_view bytes) {
    boost::system::error_code error;
    boost::asio::write(socket_, boost::asio::buffer(bytes), error);
    return !error;
  }
  ClientResponse receive(bool head_only = false) { return receive_from(socket_, buffer_, head_only); }
  ClientResponse ask(std::string_view bytes) {
    send(bytes);
    return receive();
  }
  // Waits for the other side to close; false where it says something first.
  bool closed() {
    char byte = 0;
    boost::system::error_code error;
    return buffer_.size() == 0 && socket_.read_some(boost::asio::buffer(&byte, 1), error) == 0;
  }

 private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

inline std::string get(std::string_view target, std::string_view headers = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n";
}
inline std::string post(std::string_view body, std::string_view headers = {}) {
  return "POST /v1/memories HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(headers) + "\r\n" + std::string(body);
}

class HeldRequests {
 public:
  using Held = std::pair<HttpRequest, HttpResponder>;

  HttpHandler handler() {
    return [this](HttpRequest request, HttpResponder responder) {
      const MutexLock lock(mutex_);
      held_.emplace_back(std::move(request), std::move(responder));
      came_.notify_all();
    };
  }
  // Waits for one.
  Held next() {
    MutexLock lock(mutex_);
    while (held_.empty()) came_.wait(lock);
    Held held = std::move(held_.front());
    held_.pop_front();
    return held;
  }

 private:
  Mutex mutex_;
  Condition came_;
  std::deque<Held> held_ MNEMO_GUARDED_BY(mutex_);
};

// Answers with method, path and body.
inline void echo(HttpRequest request, const HttpResponder& respond) {
  respond({200, "text/plain", {}, request.method + " " + request.path + " " + request.body});
}

inline std::unique_ptr<HttpServer> serve(HttpHandler handler, HttpServerOptions options = {}) {
  auto server = HttpServer::start(std::move(options), std::move(handler));
  EXPECT_TRUE(server) << server.error().message;
  return std::move(*server);
}

// For what happens in the server after the last byte that a client sees.
template <typename Condition>
void await(Condition condition) {
  while (!condition()) std::this_thread::yield();
}

}  // namespace mnemo
