// File: server/http/route_table.h
// The routes, one a line. Private to server/http: others use HttpRoutes.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/http_message.h"
#include "server/http/routes.h"
#include "server/service/observer.h"

namespace mnemo {

// A request that has its route.
struct RoutedRequest {
  const HttpRequest& request;
  std::vector<std::string> parameters;  // of the path
  const HttpRoutes::Parts& parts;
  HttpResponder respond;
};

// What the query of a request may say.
enum class Query : uint8_t {
  kNothing,
  kScope,   // namespace and agent_id, beside a body
  kFields,  // any field
  kOwn,     // the handler reads it
};

enum class Body : uint8_t { kNone, kOptional, kRequired };

struct Route {
  std::string_view method;
  std::string_view path;
  Method counted;  // as which it is counted
  Query query = Query::kNothing;
  Body body = Body::kNone;
  std::function<void(const RoutedRequest&, const Route&)> handle;  // none: a later version's
};

const std::vector<Route>& route_table();

}  // namespace mnemo
