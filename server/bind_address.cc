#include "server/bind_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

namespace mnemo {
namespace {

tl::unexpected<Error> malformed(std::string_view text) {
  return fail(Code::kInvalidArgument,
              fmt::format("'{}' is no address to listen at: write HOST:PORT with a numeric host, as in 127.0.0.1:7070, "
                          "[::1]:7070 or 0.0.0.0:7070",
                          text));
}

}  // namespace

bool BindAddress::is_loopback() const { return host == "::1" || host.starts_with("127."); }

std::string BindAddress::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

Result<BindAddress> parse_bind_address(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed(text);
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  BindAddress address;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size()) return malformed(text);

  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  address.host = host == "localhost" ? "127.0.0.1" : std::string(host);
  in6_addr parsed{};
  const bool good = inet_pton(bracketed ? AF_INET6 : AF_INET, address.host.c_str(), &parsed) == 1;
  if (!good) return malformed(text);
  return address;
}

}  // namespace mnemo
