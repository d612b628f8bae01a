#include "server/http/routes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "server/http/connect.h"
#include "server/http/path.h"
#include "server/http/request_reader.h"
#include "server/http/responses.h"
#include "server/http/route_table.h"

namespace mnemo {
namespace {

constexpr size_t kNearRoutes = 3;
constexpr int kMethodNotAllowed = 405;
constexpr int kUnsupportedMediaType = 415;

HttpResponse no_such_path(std::string_view path) {
  const std::string given = excerpt(path);
  std::set<std::pair<size_t, std::string_view>> by_distance;
  for (const Route& route : route_table()) by_distance.emplace(edit_distance(given, route.path), route.path);
  std::vector<std::string_view> near;
  for (const auto& [distance, route] : by_distance) {
    if (near.size() < kNearRoutes) near.push_back(route);
  }
  return error_response({Code::kNotFound, fmt::format("there is no '{}': the nearest are {}; /openapi.json has all",
                                                      given, fmt::join(near, ", "))});
}

HttpResponse wrong_method(std::string_view method, std::string_view path,
                          const std::vector<std::string_view>& allowed) {
  const std::string allow = fmt::format("{}", fmt::join(allowed, ", "));
  HttpResponse response = error_response(
      {Code::kUnimplemented, fmt::format("{} is no method of {}: it has {}", excerpt(method), path, allow)},
      kMethodNotAllowed);
  response.headers.emplace_back("Allow", allow);
  return response;
}

void handle_route(const Route& route, const RoutedRequest& exchange) {
  if (!content_type_fits(exchange.request)) {
    return exchange.respond(error_response(
        {Code::kInvalidArgument, "a request with a body needs the header Content-Type: application/json"},
        kUnsupportedMediaType));
  }
  if (route.handle) return route.handle(exchange, route);
  const Result<std::shared_ptr<const Principal>> principal = exchange.parts.authenticate(exchange.request);
  if (!principal) return exchange.respond(error_response(principal.error()));
  exchange.respond(error_response(
      {Code::kUnimplemented, fmt::format("{} {} comes with a later version of mnemo", route.method, route.path)}));
}

// Tells the observer of the answer, too.
HttpResponder counted(const HttpRoutes::Parts& parts, Method method, HttpResponder respond) {
  if (parts.observer == nullptr) return respond;
  return [&parts, method, began = parts.clock.now(), respond = std::move(respond)](HttpResponse response) {
    const std::optional<Code> error = response.error;
    respond(std::move(response));
    parts.observer->done({Door::kHttp, method, error, parts.clock.now() - began});
  };
}

}  // namespace

void HttpRoutes::handle(const HttpRequest& request, HttpResponder respond) const {
  if (is_connect(request)) {
    return handle_connect(request, parts_, counted(parts_, connect_method(request), std::move(respond)));
  }
  const std::optional<std::vector<std::string>> segments = path_segments(request.path);
  if (!segments) {
    return counted(parts_, Method::kOther, std::move(respond))(error_response(
        {Code::kInvalidArgument, "the path must start with '/', and each '%' in it be followed by two hex digits"}));
  }
  std::vector<std::string_view> allowed;
  std::string_view path;
  for (const Route& route : route_table()) {
    std::optional<std::vector<std::string>> parameters = match_path(route.path, *segments);
    if (!parameters) continue;
    if (route.method == request.method) {
      return handle_route(
          route, {request, std::move(*parameters), parts_, counted(parts_, route.counted, std::move(respond))});
    }
    if (path.empty()) path = route.path;  // the first that fits is the one that names most
    if (std::ranges::find(allowed, route.method) == allowed.end()) allowed.push_back(route.method);
  }
  counted(parts_, Method::kOther, std::move(respond))(allowed.empty() ? no_such_path(request.path)
                                                                      : wrong_method(request.method, path, allowed));
}

std::vector<HttpRoutes::Name> HttpRoutes::names() {
  std::vector<Name> names;
  for (const Route& route : route_table()) names.push_back({route.method, route.path});
  return names;
}

}  // namespace mnemo
