#include "server/http/request_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/beast/core/string.hpp>

namespace mnemo {
namespace {

using boost::beast::iequals;

// "localhost:7070" and "[::1]:7070" without the port; as it is where that is none.
std::string_view without_port(std::string_view host) {
  const size_t digits = host.find_last_not_of("0123456789");
  if (digits == std::string_view::npos || host[digits] != ':') return host;
  const std::string_view name = host.substr(0, digits);
  const bool within_address = name.find(':') != std::string_view::npos && !name.ends_with(']');
  return within_address ? host : name;
}

// An IPv6 address stands in brackets in a Host header.
std::string as_host(const std::string& name) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(name, error);
  if (error) return name;
  return address.is_v6() ? fmt::format("[{}]", address.to_string()) : address.to_string();
}

}  // namespace

RequestGuard::RequestGuard(std::string_view address, const std::vector<std::string>& allowed_hosts,
                           std::vector<std::string> allowed_origins)
    : origins_(std::move(allowed_origins)) {
  boost::system::error_code error;
  const bool local = boost::asio::ip::make_address(std::string(address), error).is_loopback();
  any_host_ = !local && allowed_hosts.empty();
  for (const std::string& host : allowed_hosts) hosts_.push_back(as_host(host));
  hosts_.push_back(as_host(std::string(address)));
  if (local) hosts_.insert(hosts_.end(), {"localhost", "127.0.0.1", "[::1]"});
}

bool RequestGuard::allows_host(std::string_view host) const {
  const std::string_view name = without_port(host);
  return any_host_ || std::ranges::any_of(hosts_, [&](const std::string& one) { return iequals(one, name); });
}

bool RequestGuard::allows_origin(std::string_view origin) const {
  return std::ranges::any_of(origins_, [&](const std::string& one) { return iequals(one, origin); });
}

Status RequestGuard::check(const std::vector<std::pair<std::string, std::string>>& headers) const {
  size_t hosts = 0;
  for (const auto& [name, value] : headers) {
    if (iequals(name, "Host")) {
      ++hosts;
      if (!allows_host(value)) {
        return fail(Code::kPermissionDenied,
                    "the Host header names another server than this one: ask by its address, or start it with "
                    "--allow-host and that name");
      }
    } else if (iequals(name, "Origin") && !allows_origin(value)) {
      return fail(Code::kPermissionDenied,
                  "web pages of this Origin may not ask: start the server with --allow-origin and that origin");
    }
  }
  if (hosts != 1) return fail(Code::kInvalidArgument, "a request has one Host header");
  return {};
}

}  // namespace mnemo
