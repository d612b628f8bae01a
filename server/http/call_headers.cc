#include "server/http/call_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "events/envelope.h"
#include "server/json/parse.h"

namespace mnemo {
namespace {

using std::chrono::nanoseconds;

constexpr size_t kTimeoutDigitsMax = 8;
constexpr size_t kTraceparentBytes = 55;  // of version 00

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

bool lower_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

// VERSION-TRACE-PARENT-FLAGS; ids of zeros only are none.
bool is_traceparent(std::string_view text) {
  if (text.size() != kTraceparentBytes || !text.starts_with("00-") || text[35] != '-' || text[52] != '-') return false;
  const std::string_view trace = text.substr(3, 32);
  const std::string_view parent = text.substr(36, 16);
  return lower_hex(trace) && lower_hex(parent) && lower_hex(text.substr(53)) &&
         trace.find_first_not_of('0') != std::string_view::npos &&
         parent.find_first_not_of('0') != std::string_view::npos;
}

bool has_controls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

Status check_utf8(std::string_view header, std::string_view value) {
  if (is_utf8(value)) return {};
  return fail(Code::kInvalidArgument, fmt::format("header {} is not UTF-8", header));
}

Result<std::string> correlation_id_of(const HttpRequest& request) {
  for (const std::string_view name : {"X-Correlation-Id", "X-Request-Id"}) {
    const std::string_view value = request.header(name);
    if (value.empty()) continue;
    MNEMO_TRY(check_utf8(name, value));
    if (value.size() <= kCorrelationIdBytesMax && !has_controls(value)) return std::string(value);
    return fail(Code::kInvalidArgument, fmt::format("header {} must have at most {} bytes and no control characters",
                                                    name, kCorrelationIdBytesMax));
  }
  return std::string();
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
  call.idempotency_key = request.header("Idempotency-Key");
  MNEMO_TRY(check_utf8("Idempotency-Key", call.idempotency_key));
  const std::string_view traceparent = request.header("traceparent");
  if (is_traceparent(traceparent)) call.traceparent = traceparent;
  MNEMO_ASSIGN(call.correlation_id, correlation_id_of(request));
  return call;
}

}  // namespace mnemo
