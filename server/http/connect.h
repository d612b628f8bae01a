// File: server/http/connect.h
// The rpcs of service.proto over plain HTTP, as the Connect protocol has them (https://connectrpc.com/docs/protocol,
// unary): POST /mnemo.v1.MemoryService/Retrieve with the message's bytes as application/proto. For programs that have
// the .proto and no gRPC; the command line is one.
//
//   Connect-Timeout-Ms             how long the client waits
//   Authorization, Idempotency-Key, traceparent, X-Correlation-Id   as everywhere
//
// An error is {"code": "invalid_argument", "message": ...} with the protocol's status, and the headers `retryable` and,
// where it is known, `retry-after-ms`. Fields that this build does not know are refused, as at the other doors.
#pragma once

#include "server/http/routes.h"

namespace mnemo {

bool is_connect(const HttpRequest& request);
// As which it is counted.
Method connect_method(const HttpRequest& request);
void handle_connect(const HttpRequest& request, const HttpRoutes::Parts& parts, const HttpResponder& respond);

}  // namespace mnemo
