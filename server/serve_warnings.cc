#include "server/serve_warnings.h"

#include <fmt/format.h>

#include "server/service/pem_file.h"

namespace mnemo {
namespace {

bool reachable(const std::string& address) {
  const Result<BindAddress> parsed = parse_bind_address(address);
  return parsed && !parsed->is_loopback();
}

}  // namespace

std::vector<std::string> serve_warnings(const ServeOptions& options) {
  std::vector<std::string> warnings;
  if (!options.auth.empty() && options.tls_cert.empty()) {
    for (const auto& [option, address] : {std::pair("--http", options.http), std::pair("--grpc", options.grpc)}) {
      if (!reachable(address)) continue;
      warnings.push_back(
          fmt::format("{} {} can be reached from other machines, and keys go over the wire in plain "
                      "text: give --tls-cert and --tls-key, or listen on loopback behind what has TLS",
                      option, address));
    }
  }
  if (!options.tls_key.empty() && open_to_others(options.tls_key)) {
    warnings.push_back(fmt::format("--tls-key {}: others than its owner may use this private key: chmod 600 {}",
                                   options.tls_key, options.tls_key));
  }
  return warnings;
}

}  // namespace mnemo
