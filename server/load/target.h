// File: server/load/target.h
// Whom a load is put on: clients, each with a connection of its own, or as good as one, and at most one request under
// way.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "events/result.h"
#include "manager/monotonic_clock.h"
#include "mnemo/v1/service.pb.h"

namespace mnemo {

// After this long a request is over, and its answer is DEADLINE_EXCEEDED.
inline constexpr std::chrono::seconds kLoadRequestMax{30};
inline constexpr std::chrono::seconds kLoadConnectMax{5};

using LoadRequest = std::variant<v1::RememberRequest, v1::RememberBatchRequest, v1::RetrieveRequest>;

// What came of a request, as far as a load looks at it.
struct LoadAnswer {
  std::map<Code, uint64_t> errors;  // of the request, or of each memory of a batch that was refused
  uint64_t acknowledged = 0;        // memories that are durable by this request
  uint64_t duplicates = 0;          // memories whose key had acted before
  uint64_t pending = 0;             // of the acknowledged: those not applied yet
  uint64_t results = 0;             // memories found
  bool cached = false;              // the answer had been kept
  MonotonicTime sent;               // when it went, written
  MonotonicTime received;           // when the last of it had come, before it was read

  static LoadAnswer failed(Code code) {
    LoadAnswer answer;
    answer.errors[code] = 1;
    return answer;
  }
};

class LoadTarget {
 public:
  using Done = std::function<void(size_t client, const LoadAnswer& answer)>;

  virtual ~LoadTarget() = default;

  // Once, before anything is sent: clients 0 to `clients` - 1, and what is called with each answer, from a thread of
  // the target. UNAVAILABLE: nobody is there.
  virtual Status connect(size_t clients, Done done) = 0;

  // From any thread, and from within Done; for a client that has nothing under way. Never calls Done itself. A
  // connection that was lost is made again while the request has time.
  virtual void send(size_t client, const LoadRequest& request) = 0;

  // What is under way is answered CANCELLED, soon, unless its answer comes first.
  virtual void cancel() = 0;
};

struct LoadTargetOptions {
  std::string address;  // http://HOST:PORT, or HOST:PORT of gRPC
  std::string api_key;  // empty: none is sent
  std::string ca_cert;  // PEM file: TLS, if it is given, by gRPC; not by HTTP
};

// INVALID_ARGUMENT: the address is none.
Result<std::unique_ptr<LoadTarget>> http_load_target(const LoadTargetOptions& options);
Result<std::unique_ptr<LoadTarget>> grpc_load_target(const LoadTargetOptions& options);

}  // namespace mnemo
