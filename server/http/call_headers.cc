#include "server/http/call_headers.h"

#include <fmt/format.h>

#include <charconv>

#include "server/service/call_metadata.h"

namespace mnemo {
namespace {

using std::chrono::nanoseconds;

constexpr size_t kTimeoutDigitsMax = 8;

Result<nanoseconds> unit_of(char unit) {
  using namespace std::chrono;
  switch (unit) {
    case 'H': return hours(1);
    case 'M': return minutes(1);
    case 'S': return seconds(1);
    case 'm': return milliseconds(1);
    case 'u': return microseconds(1);
    case 'n': return nanoseconds(1);
    default: return fail(Code::kInvalidArgument, "");
  }
}

Result<nanoseconds> timeout_of(std::string_view text) {
  const auto wrong = fail(Code::kInvalidArgument,
                          "header Grpc-Timeout must be 1 to 8 digits, not 0, and one of H, M, S, m, u, n, such as 10S");
  if (text.size() < 2 || text.size() > kTimeoutDigitsMax + 1) return wrong;
  uint32_t count = 0;
  const char* const unit = text.data() + text.size() - 1;
  const auto [end, error] = std::from_chars(text.data(), unit, count);
  const Result<nanoseconds> one = unit_of(*unit);
  if (error != std::errc() || end != unit || count == 0 || !one) return wrong;
  if (count > kRequestTimeoutMax / *one) return kRequestTimeoutMax;
  return count * *one;
}

}  // namespace

Result<Call> call_of(const HttpRequest& request, std::shared_ptr<const Principal> principal, MonotonicTime now) {
  Call call;
  call.principal = std::move(principal);
  nanoseconds timeout = kRequestTimeoutDefault;
  const std::string_view given = request.header("Grpc-Timeout");
  if (!given.empty()) {
    MNEMO_ASSIGN(timeout, timeout_of(given));
  }
  call.deadline = now + std::chrono::duration_cast<MonotonicSpan>(timeout);
  MNEMO_TRY(set_metadata({.idempotency_key = request.find_header("Idempotency-Key"),
                          .traceparent = request.header("traceparent"),
                          .correlation_id = request.header("X-Correlation-Id"),
                          .request_id = request.header("X-Request-Id")},
                         call));
  return call;
}

}  // namespace mnemo
