#include "server/http/responses.h"

#include <fmt/format.h>

#include "server/http/message_writer.h"
#include "server/service/error_info.h"

namespace mnemo {

int http_status(Code code) {
  switch (code) {
    case Code::kCancelled: return 499;
    case Code::kInvalidArgument:
    case Code::kFailedPrecondition:
    case Code::kOutOfRange: return 400;
    case Code::kUnauthenticated: return 401;
    case Code::kPermissionDenied: return 403;
    case Code::kNotFound: return 404;
    case Code::kAlreadyExists:
    case Code::kAborted: return 409;
    case Code::kResourceExhausted: return 429;
    case Code::kUnimplemented: return 501;
    case Code::kUnavailable: return 503;
    case Code::kDeadlineExceeded: return 504;
    case Code::kUnknown:
    case Code::kInternal:
    case Code::kDataLoss: return 500;
  }
  return 500;
}

HttpResponse json_response(int status, std::string json) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(json);
  return response;
}

HttpResponse error_response(const Error& error) { return error_response(error, http_status(error.code)); }

HttpResponse error_response(const Error& error, int status) {
  HttpResponse response = json_response(status, fmt::format("{{\"error\":{}}}", json_of_message(error_info(error))));
  response.error = error.code;
  if (error.code == Code::kUnauthenticated) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (error.retry_after_ms != 0) {
    response.headers.emplace_back("Retry-After", fmt::format("{}", (uint64_t{error.retry_after_ms} + 999) / 1000));
  }
  return response;
}

}  // namespace mnemo
