// File: server/service/observer.h
// Where a door tells what became of each request: for metrics, and whatever else counts.
//
//   observer.done({Door::kGrpc, Method::kRemember, Code::kNotFound, clock.now() - began});
//
// A method is one of a list and never what a client sent, so that no client can make a label.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "events/result.h"
#include "manager/monotonic_clock.h"

namespace mnemo {

enum class Door : uint8_t { kHttp, kGrpc };
inline constexpr size_t kDoors = 2;
std::string_view door_name(Door door);  // "http", "grpc"

// The rpcs of service.proto, and what a door answers beside them.
enum class Method : uint8_t {
  kRemember,
  kRememberBatch,
  kGetMemory,
  kUpdateMemory,
  kForgetMemory,
  kForgetByFilter,
  kGetHistory,
  kGetLineage,
  kLinkMemories,
  kUnlinkMemories,
  kAttachEmbedding,
  kListMemories,
  kListAgents,
  kExportMemories,
  kRetrieve,
  kConsolidate,
  kPrune,
  kGetStatus,
  kGetDigests,
  kListOperations,
  kGetOperation,
  kSetPolicy,
  kGetPolicy,
  kGetRules,
  kActivateRules,
  kHealth,   // /healthz, /readyz
  kMetrics,  // /metrics
  kOther,    // the last: no such method or path, or a request that is none
};
inline constexpr size_t kMethods = static_cast<size_t>(Method::kOther) + 1;
std::string_view method_name(Method method);  // "Remember", as the rpc is called; "Other"

struct RequestDone {
  Door door;
  Method method;
  std::optional<Code> error;  // none: OK
  MonotonicSpan took;         // from the whole request's arrival to its answer's being handed to the wire
};

// Thread-safe; called once a request, from any thread. Must be quick and must not throw.
class RequestObserver {
 public:
  virtual ~RequestObserver() = default;
  virtual void done(const RequestDone& request) = 0;
};

}  // namespace mnemo
