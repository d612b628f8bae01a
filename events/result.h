// File: events/result.h
// The one error type of mnemo and the Result that carries it.
//
// Every function that can fail for a reason outside this program (input, disk, log, peer) returns Result<T> or
// Status. Exceptions do not cross a folder. An Error's code is one to one with gRPC's status codes; its message says
// what happened and what to do about it. Broken invariants of our own are asserts (MNEMO_CHECK), never Errors.
//
//   Result<Position> end = log.end(partition);
//   if (!end) return fail(end.error());
//
// Values are plain data: copyable, thread-compatible.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace mnemo {

// Numbers equal those of gRPC's status codes.
enum class Code {
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// "INVALID_ARGUMENT" and the like, as gRPC prints them.
std::string_view code_name(Code code);

struct Error {
  Code code = Code::kUnknown;
  std::string message;          // for people: what happened, and what to do
  bool retryable = false;       // the same request may succeed later without a change
  uint32_t retry_after_ms = 0;  // when; 0: nothing is known
};

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }
[[nodiscard]] inline tl::unexpected<Error> fail(Code code, std::string message, bool retryable = false) {
  return tl::unexpected<Error>(Error{code, std::move(message), retryable, 0});
}

// Ends the process with file, line and text when our own invariant is broken; stays on in release builds.
[[noreturn]] inline void check_failed(const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, what);
  std::abort();
}
#define MNEMO_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::mnemo::check_failed(__FILE__, __LINE__, #condition))

// Returns the error of `expression` from the calling function, if it has one.
#define MNEMO_TRY(expression)                                         \
  do {                                                                \
    if (auto mnemo_status = (expression); !mnemo_status) [[unlikely]] \
      return ::mnemo::fail(std::move(mnemo_status).error());          \
  } while (false)

// Declares `name` as the value of `expression`, or returns its error: MNEMO_ASSIGN(auto row, view.get(key));
#define MNEMO_ASSIGN_JOIN2(a, b) a##b
#define MNEMO_ASSIGN_JOIN(a, b) MNEMO_ASSIGN_JOIN2(a, b)
#define MNEMO_ASSIGN(declaration, expression) \
  MNEMO_ASSIGN_AS(MNEMO_ASSIGN_JOIN(mnemo_result_, __LINE__), declaration, expression)
#define MNEMO_ASSIGN_AS(holder, declaration, expression) \
  auto holder = (expression);                            \
  if (!holder) [[unlikely]]                              \
    return ::mnemo::fail(std::move(holder).error());     \
  declaration = std::move(*holder)

}  // namespace mnemo
