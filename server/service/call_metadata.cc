#include "server/service/call_metadata.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/envelope.h"

namespace mnemo {
namespace {

constexpr size_t kTraceparentBytes = 55;  // of version 00

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

Status check_correlation_id(std::string_view header, std::string_view value) {
  MNEMO_TRY(check_utf8(header, value));
  if (value.size() <= kCorrelationIdBytesMax && !has_controls(value)) return {};
  return fail(Code::kInvalidArgument, fmt::format("header {} must have at most {} bytes and no control characters",
                                                  header, kCorrelationIdBytesMax));
}

}  // namespace

Status set_metadata(const CallMetadata& given, Call& call) {
  if (given.idempotency_key) {
    // Whoever sends one means to be safe from acting twice, and would not be.
    if (given.idempotency_key->empty()) {
      return fail(Code::kInvalidArgument, "header Idempotency-Key is empty: give a key, or leave the header out");
    }
    MNEMO_TRY(check_utf8("Idempotency-Key", *given.idempotency_key));
    call.idempotency_key = *given.idempotency_key;
  }
  if (is_traceparent(given.traceparent)) call.traceparent = given.traceparent;
  const bool own = !given.correlation_id.empty();
  const std::string_view id = own ? given.correlation_id : given.request_id;
  MNEMO_TRY(check_correlation_id(own ? "X-Correlation-Id" : "X-Request-Id", id));
  call.correlation_id = id;
  return {};
}

}  // namespace mnemo
