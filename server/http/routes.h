// File: server/http/routes.h
// The HTTP API: from a request to the service and back. docs/api.md describes it for people, docs/openapi.json for
// programs.
//
//   HttpRoutes routes({.service = service, .clock = clock, .authenticate = keys, .metrics = metrics});
//   routes.handle(request, [](HttpResponse response) { ... });
//
// A request is matched with a route, authenticated, read whole, and handed to the service, which authorises it.
//
// Thread-safe. The service and the clock outlive it, and it outlives every request.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/result.h"
#include "server/http/http_message.h"
#include "server/service/observer.h"
#include "server/service/service.h"

namespace mnemo {

// Who asks; UNAUTHENTICATED where nobody knows. Thread-safe.
using HttpAuthenticate = std::function<Result<std::shared_ptr<const Principal>>(const HttpRequest& request)>;
// Metrics as text in Prometheus' format, for whom may see them: replies as a service does. Thread-safe.
using HttpMetrics = std::function<void(const Principal& principal, Reply<std::string> reply)>;

class HttpRoutes {
 public:
  struct Parts {
    Service& service;
    const MonotonicClock& clock;
    HttpAuthenticate authenticate;
    HttpMetrics metrics;
    RequestObserver* observer = nullptr;  // outlives it
  };
  explicit HttpRoutes(Parts parts) : parts_(std::move(parts)) {}

  // `respond` is called once, from any thread, perhaps before this returns.
  void handle(const HttpRequest& request, HttpResponder respond) const;

  struct Name {
    std::string_view method;
    std::string_view path;  // with {parameters}
  };
  // Every route there is, those of later versions among them.
  static std::vector<Name> names();

 private:
  Parts parts_;
};

}  // namespace mnemo
