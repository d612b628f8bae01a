// File: server/grpc/grpc_limits.h
// Limits of the gRPC door, each with a name and a unit. docs/limits.md lists them.
#pragma once

#include <chrono>
#include <cstddef>

namespace mnemo {

inline constexpr std::chrono::seconds kDeadlineDefault{30};  // of a request that names none
inline constexpr std::chrono::seconds kDeadlineMax{300};     // a later one is answered by then
// How much earlier than the client's deadline its request ends here, so that the answer is there before the client
// gives up: a tenth of what is left, and no more than this.
inline constexpr std::chrono::milliseconds kAnswerMarginMax{100};
inline constexpr std::chrono::seconds kLastAnswersMax{1};  // to send refusals when a stop's time is over
// For clients to read, when a server stops, what was sent last, before their connections end and in all; and how often
// is looked whether they have.
inline constexpr std::chrono::milliseconds kAnswersSettle{50};
inline constexpr std::chrono::milliseconds kAnswersReadMax{500};
inline constexpr std::chrono::milliseconds kAnswersReadEvery{1};

inline constexpr int kRequestBytesMax = 16 << 20;      // a message, as serialised
inline constexpr size_t kAnswerBytesMax = 64 << 20;    // a message, as serialised
inline constexpr int kMetadataBytesMax = 16 << 10;     // of one request, names and values
inline constexpr int kStreamsPerConnectionMax = 256;   // requests under way
inline constexpr size_t kBuffersBytesMax = 256 << 20;  // of all connections' buffers; past it, gRPC refuses and closes
inline constexpr int kReflectionThreadsMax = 8;        // gRPC's own reflection takes a thread a stream; no request does

// A silent connection is asked whether it still is one, and closed when it does not say so in time.
inline constexpr std::chrono::milliseconds kKeepaliveEvery = std::chrono::seconds(60);
inline constexpr std::chrono::milliseconds kKeepaliveTimeout = std::chrono::seconds(20);
inline constexpr std::chrono::milliseconds kClientPingsApart = std::chrono::seconds(10);  // sooner ones are flooding
inline constexpr std::chrono::milliseconds kIdleConnectionMax = std::chrono::minutes(30);

}  // namespace mnemo
