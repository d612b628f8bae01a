#include "server/http/framing.h"

#include <fmt/format.h>

#include <array>
#include <boost/algorithm/string/case_conv.hpp>
#include <boost/beast/core/string.hpp>
#include <locale>
#include <string>

#include "server/http/responses.h"

namespace mnemo {
namespace {

namespace http = boost::beast::http;
using boost::beast::iequals;

constexpr int kUnsupportedMediaType = 415;

// Of two, one would be lost. Host is the guard's.
constexpr std::array<std::string_view, 10> kOnce = {
    "Content-Length",     "Content-Type",     "Authorization", "Idempotency-Key", "Grpc-Timeout",
    "Connect-Timeout-Ms", "X-Correlation-Id", "X-Request-Id",  "traceparent",     "Expect"};

HttpResponse invalid(std::string message) { return error_response({Code::kInvalidArgument, std::move(message)}); }

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

// All values of a header as the one list that they are.
std::string list_of(const HttpParser& parser, http::field name) {
  std::string list;
  const auto [first, last] = parser.get().equal_range(name);
  for (auto one = first; one != last; ++one) {
    if (one != first) list += ',';
    list += std::string_view(one->value());
  }
  return list;
}

// RFC 9112, 6.1 and 6.3.
std::optional<HttpResponse> check_transfer_encoding(const HttpParser& parser) {
  if (parser.get().count(http::field::transfer_encoding) == 0) return std::nullopt;
  std::string codings = list_of(parser, http::field::transfer_encoding);
  boost::algorithm::to_lower(codings, std::locale::classic());
  const size_t comma = codings.rfind(',');
  const std::string_view last = trimmed(std::string_view(codings).substr(comma == std::string::npos ? 0 : comma + 1));
  const std::string before = comma == std::string::npos ? "" : codings.substr(0, comma);
  if (last != "chunked" || before.find("chunked") != std::string::npos) {
    return invalid("where this request ends cannot be told: Transfer-Encoding must be chunked, once, and nothing else");
  }
  if (parser.get().version() < 11) return invalid("HTTP/1.0 has no Transfer-Encoding: give a Content-Length");
  if (comma == std::string::npos) return std::nullopt;
  return error_response({Code::kUnimplemented, "of transfer encodings only chunked is understood"});
}

std::optional<HttpResponse> check_content_encoding(const HttpParser& parser) {
  if (parser.get().count(http::field::content_encoding) == 0) return std::nullopt;
  if (iequals(list_of(parser, http::field::content_encoding), "identity")) return std::nullopt;
  HttpResponse refusal = error_response(
      {Code::kInvalidArgument, "a body is taken as it is: send it without compression and without Content-Encoding"},
      kUnsupportedMediaType);
  refusal.headers.emplace_back("Accept-Encoding", "identity");
  return refusal;
}

std::optional<HttpResponse> check_once(const HttpParser& parser) {
  for (const std::string_view name : kOnce) {
    if (parser.get().count(name) > 1)
      return invalid(fmt::format("header {} is given more than once: give it once", name));
  }
  if (list_of(parser, http::field::content_length).find(',') == std::string::npos) return std::nullopt;
  return invalid("header Content-Length is given more than once: give it once");
}

}  // namespace

std::optional<HttpResponse> check_framing(const HttpParser& parser, std::string_view bytes) {
  if (bytes.find("\r\n ") != std::string_view::npos || bytes.find("\r\n\t") != std::string_view::npos) {
    return invalid("a header stands on several lines: put each on one");
  }
  if (auto refusal = check_transfer_encoding(parser)) return refusal;
  if (auto refusal = check_once(parser)) return refusal;
  return check_content_encoding(parser);
}

}  // namespace mnemo
