// File: server/http/request_reader.h
// A request as a message, from its path, its query and its body. Private to server/http.
#pragma once

#include <google/protobuf/message.h>

#include "server/http/route_table.h"
#include "server/json/parse.h"

namespace mnemo {

// A memory's content may be as deep as the log takes it, and stands in a batch.
inline constexpr size_t kBodyDepthMax = 67;

// INVALID_ARGUMENT where the request is none that the route takes.
Status read_request(const RoutedRequest& exchange, const Route& route, google::protobuf::Message& out);

// The body, which must be there and JSON, as its header must say.
Result<Json> body_json(const HttpRequest& request);

// The header Content-Type, where there is a body, names JSON.
bool content_type_fits(const HttpRequest& request);

}  // namespace mnemo
