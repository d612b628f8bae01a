// File: server/local_service.h
// The service of a directory that a command opens itself: the requests and answers of a server, given before a call
// returns. Its partitions come to the log's end first; one that stands still answers reads with what it has, after a
// warning on standard error, and refuses writes with the cause.
//
// A write is tried again as server/retried.h says, under a key that it is given where it has neither key nor id.
// Batches are not served: an import into a directory has a way of its own.
//
// For one thread. The session outlives it, and stays open until it has gone.
#pragma once

#include <memory>

#include "server/cli.h"
#include "server/service/service.h"

namespace mnemo {

std::unique_ptr<Service> serve_locally(Session& session, const MonotonicClock& clock);

}  // namespace mnemo
