// File: server/http/http_wire.h
// Between Beast's messages and ours, and the words for requests that cannot be read.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/error_code.hpp>
#include <optional>

#include "events/result.h"
#include "server/http/body_budget.h"
#include "server/http/http_message.h"
#include "server/http/http_server.h"

namespace mnemo {

using HttpParser = boost::beast::http::request_parser<CountedBody>;
using HttpWireResponse = boost::beast::http::response<boost::beast::http::string_body>;

// All but body and remote. INVALID_ARGUMENT: the query string is none.
Result<HttpRequest> request_head(const HttpParser& parser);

struct HttpFraming {
  unsigned version = 11;  // as Beast numbers them
  bool keep_alive = false;
  bool head_only = false;  // the answer to a HEAD
};
HttpWireResponse wire_response(HttpResponse response, HttpFraming framing);

// What the client is told when its request breaks a limit or the grammar; `error` is the parser's.
HttpResponse refusal_of(const boost::system::error_code& error, const HttpServerOptions& options);
HttpResponse header_refusal(const HttpServerOptions& options);
HttpResponse late_refusal(const HttpServerOptions& options);
HttpResponse crowded_refusal(const HttpServerOptions& options);

}  // namespace mnemo
