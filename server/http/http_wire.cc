#include "server/http/http_wire.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/beast/http/error.hpp>
#include <chrono>
#include <string>
#include <utility>

#include "server/http/path.h"
#include "server/http/responses.h"

namespace mnemo {
namespace {

namespace http = boost::beast::http;

constexpr uint32_t kRetryAfterMs = 1000;

// "http://host/path" is for proxies, but a server takes it too: the host in it counts instead of the header's.
void take_absolute_form(std::string& target, HttpRequest& request) {
  const size_t scheme = target.starts_with("http://") ? 7 : target.starts_with("https://") ? 8 : 0;
  if (scheme == 0) return;
  const size_t slash = std::min(target.find_first_of("/?", scheme), target.size());
  const std::string host = target.substr(scheme, slash - scheme);
  for (auto& [name, value] : request.headers) {
    if (boost::beast::iequals(name, "Host")) value = host;
  }
  target.erase(0, slash);
  if (!target.starts_with('/')) target.insert(target.begin(), '/');
}

HttpResponse full_refusal(std::string message) {
  return error_response({Code::kUnavailable, std::move(message), true, kRetryAfterMs});
}

}  // namespace

Result<HttpRequest> request_head(const HttpParser& parser) {
  const auto& message = parser.get();
  HttpRequest request;
  request.method = message.method() == http::verb::head ? "GET" : std::string(message.method_string());
  for (const auto& field : message.base()) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  }
  std::string target(message.target());
  take_absolute_form(target, request);
  const size_t question = std::min(target.find('?'), target.size());
  request.path = target.substr(0, question);
  auto query = parse_query_string(std::string_view(target).substr(std::min(question + 1, target.size())));
  if (!query) {
    return fail(Code::kInvalidArgument, "the query string has a '%' that is not followed by two hexadecimal digits");
  }
  request.query = std::move(*query);
  return request;
}

HttpWireResponse wire_response(HttpResponse response, HttpFraming framing) {
  HttpWireResponse message;
  message.version(framing.version);
  message.result(static_cast<unsigned>(response.status));
  message.set(http::field::server, "mnemo");
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  message.set(http::field::date, fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", fmt::gmtime(now)));
  if (!response.content_type.empty()) message.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.keep_alive(framing.keep_alive);
  if (response.status != 204 && response.status != 304) message.content_length(response.body.size());
  if (!framing.head_only) message.body() = std::move(response.body);
  return message;
}

HttpResponse refusal_of(const boost::system::error_code& error, const HttpServerOptions& options) {
  if (error == http::error::body_limit) {
    return error_response({Code::kInvalidArgument,
                           fmt::format("the body has more than {} bytes: send it in parts", options.body_bytes_max)},
                          413);
  }
  if (error == http::error::header_limit) return header_refusal(options);
  if (error == boost::system::errc::not_enough_memory) {
    return full_refusal(fmt::format("the bodies of all requests together would have more than {} bytes: try again",
                                    options.all_bodies_bytes_max));
  }
  return error_response({Code::kInvalidArgument, fmt::format("this is no HTTP/1.1 request: {}", error.message())});
}

HttpResponse header_refusal(const HttpServerOptions& options) {
  return error_response({Code::kInvalidArgument, fmt::format("the request line and the headers have more than {} bytes",
                                                             options.header_bytes_max)},
                        431);
}

HttpResponse late_refusal(const HttpServerOptions& options) {
  return error_response(
      {Code::kDeadlineExceeded,
       fmt::format("the request was not here whole after {} ms: try again", options.request_max.count()), true},
      408);
}

HttpResponse crowded_refusal(const HttpServerOptions& options) {
  return full_refusal(fmt::format("there are {} connections, as many as there may be: close some, or try again",
                                  options.connections_max));
}

}  // namespace mnemo
