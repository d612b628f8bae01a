// File: server/http/call_headers.h
// What headers say of a request beside its message: those of server/service/call_metadata.h, and
//
//   Grpc-Timeout      how long the client waits: up to 8 digits and H, M, S, m, u or n, as gRPC writes it
#pragma once

#include <chrono>
#include <memory>

#include "events/result.h"
#include "server/http/http_message.h"
#include "server/service/call.h"

namespace mnemo {

inline constexpr std::chrono::seconds kRequestTimeoutDefault{30};
inline constexpr std::chrono::seconds kRequestTimeoutMax{300};  // a longer one counts as this

// INVALID_ARGUMENT names the header that is wrong.
Result<Call> call_of(const HttpRequest& request, std::shared_ptr<const Principal> principal, MonotonicTime now);

}  // namespace mnemo
