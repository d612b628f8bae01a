// File: server/service/call.h
// Who asks, what they may do, and until when they wait: what a door knows of a request beside its message.
//
// Plain data; a Principal is shared and never changes once made.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/result.h"
#include "manager/monotonic_clock.h"

namespace mnemo {

// Each includes nothing of the others: a key that may write and not read is one that only publishes.
enum class Right : uint8_t { kRead, kWrite, kAdmin };

// Whom a key stands for.
struct Principal {
  std::string name;  // what events carry as their actor
  bool read = true;
  bool write = true;
  bool admin = true;
  bool every_namespace = true;
  std::vector<std::string> namespaces;  // sorted; the ones it may use, where not every one

  bool owns(std::string_view name_space) const;
  // NOT_FOUND for a namespace of others, whether or not it exists; PERMISSION_DENIED for a right that it lacks.
  Status check(Right right, std::string_view name_space) const;
  // The right alone: PERMISSION_DENIED.
  Status check(Right right) const;
  // For what concerns no namespace, or all: PERMISSION_DENIED.
  Status check_everywhere(Right right) const;
};

struct Call {
  std::shared_ptr<const Principal> principal;  // never null; everyone is one, where no keys are asked for
  MonotonicTime deadline;
  std::string idempotency_key;  // from a header; the field of the message, where given, must be the same
  std::string traceparent;      // W3C trace context, or empty
  std::string correlation_id;
};

// Called once, from any thread, perhaps before the function that it was given to has returned. Must not throw.
template <typename Response>
using Reply = std::function<void(Result<Response>)>;

}  // namespace mnemo
