// File: server/service/call_metadata.h
// What a client may say of a request beside its message, in headers or metadata, by the same rules at every door.
//
//   Idempotency-Key   the key of a write
//   traceparent       W3C trace context; one that is none is ignored, as the standard asks
//   X-Correlation-Id  kept with what is written; X-Request-Id where it is absent
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "events/result.h"
#include "server/service/call.h"

namespace mnemo {

inline constexpr size_t kCorrelationIdBytesMax = 256;

// As it came; a view that is empty says the same as none, but for the key, which would be taken for a key.
struct CallMetadata {
  std::optional<std::string_view> idempotency_key{};
  std::string_view traceparent{};
  std::string_view correlation_id{};
  std::string_view request_id{};
};

// Puts it into the call. INVALID_ARGUMENT names what is wrong: an empty key, text that is no UTF-8, a correlation id
// that is too long or has control characters.
Status set_metadata(const CallMetadata& given, Call& call);

}  // namespace mnemo
