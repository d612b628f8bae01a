// File: server/http/responses.h
// Answers of the HTTP door.
#pragma once

#include <string>

#include "events/result.h"
#include "server/http/http_message.h"

namespace mnemo {

// The HTTP status of a gRPC code, as google.rpc.Code maps them.
int http_status(Code code);

HttpResponse json_response(int status, std::string json);

// {"error": {code, message, details, retryable, retry_after_ms?}}, with the headers that belong to it. `status` where
// HTTP has a closer one than the code's.
HttpResponse error_response(const Error& error);
HttpResponse error_response(const Error& error, int status);

}  // namespace mnemo
