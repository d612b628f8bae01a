// File: server/http/http_message.h
// A request and its answer, between the transport and the routes. Plain data.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/result.h"

namespace mnemo {

struct HttpRequest {
  std::string method;
  std::string path;                                        // as it came, without the query: still percent-encoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order; a name may come more than once
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;    // whole, chunks put together
  std::string remote;  // the client's address, without port

  // Its value, whatever case the name has; nullopt, or empty, where it is absent.
  std::optional<std::string_view> find_header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key.size() == name.size() &&
          std::equal(key.begin(), key.end(), name.begin(), [](char a, char b) { return (a | 32) == (b | 32); })) {
        return value;
      }
    }
    return std::nullopt;
  }
  std::string_view header(std::string_view name) const { return find_header(name).value_or(std::string_view()); }
};

struct HttpResponse {
  int status = 200;
  std::string content_type;
  std::vector<std::pair<std::string, std::string>> headers;  // beside those of the transport, and the content type
  std::string body;
  std::optional<Code> error{};  // that it tells of, for those who count
};

// Called once at most, from any thread, at any time, also when the server is gone. When the last copy goes without a
// call, 500 is answered.
using HttpResponder = std::function<void(HttpResponse)>;

// Called from the threads of the server, which it must not block. A HEAD comes as the GET whose head it asks for.
using HttpHandler = std::function<void(HttpRequest, HttpResponder)>;

}  // namespace mnemo
