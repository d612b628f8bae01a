// File: server/grpc/listen.h
// What a gRPC server listens on, and why it could not: gRPC itself says no more than that it did not.
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "server/grpc/grpc_server.h"
#include "server/service/request_guard.h"

namespace mnemo {

// Of the address's host. INVALID_ARGUMENT for what is no HOST:PORT.
Result<RequestGuard> guard_of(const GrpcOptions& options);

// Of the files, or plain text. NOT_FOUND, INVALID_ARGUMENT or UNAVAILABLE, with the file's name.
Result<std::shared_ptr<grpc::ServerCredentials>> credentials(const GrpcOptions& options);

// Whether the address can be had now, and the files serve. To be asked before what a start would leave behind.
Status can_listen(const GrpcOptions& options);

// Of a server that did not start: the system's reason when the address cannot be had now either, the certificate and
// its key otherwise.
Error why_not_listening(const GrpcOptions& options);

}  // namespace mnemo
