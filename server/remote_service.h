// File: server/remote_service.h
// The service of a server somewhere else, asked by the Connect protocol (server/http/connect.h) over one connection
// that is kept. Replies are given before a call returns.
//
// What is transient is tried again, with the pauses of manager/retry.h, until the call's deadline; a write needs a key
// for that, and is given one where the call has none. UNAVAILABLE: nobody answers there, or somebody else.
//
// For one thread.
#pragma once

#include <memory>
#include <string>

#include "server/service/service.h"

namespace mnemo {

struct RemoteOptions {
  std::string url;      // http://HOST:PORT or https://HOST:PORT
  std::string api_key;  // empty: none is sent
  std::string ca_cert;  // PEM file of who vouches for an https server; empty: the system's
};

// INVALID_ARGUMENT: the URL is none. Connects with the first call.
Result<std::unique_ptr<Service>> connect_to(const RemoteOptions& options, const MonotonicClock& clock);

}  // namespace mnemo
