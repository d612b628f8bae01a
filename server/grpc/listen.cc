#include "server/grpc/listen.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

#include "server/service/pem_file.h"

namespace mnemo {
namespace {

struct HostPort {
  std::string host;
  std::string port;
};

Result<HostPort> split(const std::string& address) {
  const size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon == std::string::npos ? 0 : colon);
  const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool colons = host.find(':') != std::string::npos;
  if (host.empty() || colons != bracketed || error != std::errc() || end != port.data() + port.size()) {
    return fail(Code::kInvalidArgument, fmt::format("'{}' is no address to listen on: give HOST:PORT, such as "
                                                    "127.0.0.1:7071 or [::1]:7071",
                                                    address));
  }
  return HostPort{std::move(host), port};
}

Result<std::string> read_pem(std::string_view option, const std::filesystem::path& file) {
  MNEMO_ASSIGN(std::string text, read_pem_file(option, file));
  if (text.find("-----BEGIN ") != std::string::npos) return text;
  return fail(Code::kInvalidArgument,
              fmt::format("{} '{}' is no PEM file: it has no line '-----BEGIN ...'", option, file.string()));
}

// What binding to it says now: 0, or errno.
int bind_error(const addrinfo& address) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound = ::bind(fd, address.ai_addr, address.ai_addrlen) == 0 && ::listen(fd, 1) == 0;
  const int error = bound ? 0 : errno;
  ::close(fd);
  return error;
}

std::string_view advice(int error) {
  switch (error) {
    case EADDRINUSE: return "stop the process that listens there, or choose another port";
    case EACCES: return "choose a port of 1024 or above, or another account";
    case EADDRNOTAVAIL: return "choose an address of this machine";
    default: return "choose another address";
  }
}

Error unavailable(const std::string& address, std::string_view reason, std::string_view what_to_do) {
  return {Code::kUnavailable, fmt::format("cannot listen on {} for gRPC: {}: {}", address, reason, what_to_do)};
}

// bind_error() of each address that the name stands for; at least one.
Result<std::vector<int>> bind_errors(const std::string& address) {
  MNEMO_ASSIGN(const HostPort parts, split(address));
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(parts.host.c_str(), parts.port.c_str(), &hints, &found); error != 0) {
    return fail(unavailable(address, ::gai_strerror(error), "choose a name or a number of this machine"));
  }
  std::vector<int> errors;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) errors.push_back(bind_error(*one));
  ::freeaddrinfo(found);
  return errors;
}

}  // namespace

Result<RequestGuard> guard_of(const GrpcOptions& options) {
  MNEMO_ASSIGN(const HostPort address, split(options.address));
  return RequestGuard(address.host, options.allowed_hosts, options.allowed_origins);
}

Result<std::shared_ptr<grpc::ServerCredentials>> credentials(const GrpcOptions& options) {
  if (!options.tls) return grpc::InsecureServerCredentials();
  MNEMO_ASSIGN(std::string certificate, read_pem("--tls-cert", options.tls->certificate));
  MNEMO_ASSIGN(std::string key, read_pem("--tls-key", options.tls->key));
  grpc::SslServerCredentialsOptions ssl;
  ssl.pem_key_cert_pairs.push_back({std::move(key), std::move(certificate)});
  return grpc::SslServerCredentials(ssl);
}

Status can_listen(const GrpcOptions& options) {
  const auto served_with = credentials(options);
  if (!served_with) return fail(served_with.error());
  MNEMO_ASSIGN(const std::vector<int> errors, bind_errors(options.address));
  // gRPC listens where it can, if a name stands for several.
  const bool none = std::ranges::find(errors, 0) == errors.end();
  if (!none) return {};
  return fail(unavailable(options.address, std::strerror(errors.front()), advice(errors.front())));
}

Error why_not_listening(const GrpcOptions& options) {
  const auto errors = bind_errors(options.address);
  if (!errors) return errors.error();
  const auto wrong = std::ranges::find_if(*errors, [](int error) { return error != 0; });
  if (wrong != errors->end()) return unavailable(options.address, std::strerror(*wrong), advice(*wrong));
  if (!options.tls) return unavailable(options.address, "gRPC gives no reason", "try again, or choose another port");
  return {Code::kInvalidArgument,
          fmt::format("{} and {} are no PEM certificate and its private key: TLS cannot be served "
                      "with them",
                      options.tls->certificate.string(), options.tls->key.string())};
}

}  // namespace mnemo
