// File: server/http/call_headers.h
// What headers say of a request beside its message.
//
//   Idempotency-Key   the key of a write
//   Grpc-Timeout      how long the client waits: up to 8 digits and H, M, S, m, u or n, as gRPC writes it
//   traceparent       W3C trace context; one that is none is ignored, as the standard asks
//   X-Correlation-Id  kept with what is written; X-Request-Id where it is absent
#pragma once

#include <chrono>
#include <memory>

#include "events/result.h"
#include "server/http/http_message.h"
#include "server/service/call.h"

namespace mnemo {

inline constexpr std::chrono::seconds kRequestTimeoutDefault{30};
inline constexpr std::chrono::seconds kRequestTimeoutMax{300};  // a longer one counts as this
inline constexpr size_t kCorrelationIdBytesMax = 256;

// INVALID_ARGUMENT names the header that is wrong.
Result<Call> call_of(const HttpRequest& request, std::shared_ptr<const Principal> principal, MonotonicTime now);

}  // namespace mnemo
