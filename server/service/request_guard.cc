#include "server/service/request_guard.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <optional>

namespace mnemo {
namespace {

bool iequals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// "localhost:7070" and "[::1]:7070" without the port; as it is where that is none.
std::string_view without_port(std::string_view host) {
  const size_t digits = host.find_last_not_of("0123456789");
  if (digits == std::string_view::npos || host[digits] != ':') return host;
  const std::string_view name = host.substr(0, digits);
  const bool within_address = name.find(':') != std::string_view::npos && !name.ends_with(']');
  return within_address ? host : name;
}

// As it stands in a Host header, an IPv6 address in brackets and in its one canonical form; nullopt: no address.
std::optional<std::string> address_as_host(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = name.find(':') != std::string::npos ? AF_INET6 : AF_INET;
  if (::inet_pton(family, name.c_str(), bytes.data()) != 1) return std::nullopt;
  if (::inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr) return std::nullopt;
  return family == AF_INET6 ? fmt::format("[{}]", text.data()) : std::string(text.data());
}

std::string as_host(const std::string& name) { return address_as_host(name).value_or(name); }

bool is_local(const std::string& host) {
  return host == "[::1]" || iequals(host, "localhost") || (address_as_host(host) && host.starts_with("127."));
}

}  // namespace

RequestGuard::RequestGuard(std::string_view address, const std::vector<std::string>& allowed_hosts,
                           std::vector<std::string> allowed_origins)
    : origins_(std::move(allowed_origins)) {
  const std::string own = as_host(std::string(address));
  const bool local = is_local(own);
  any_host_ = !local && allowed_hosts.empty();
  for (const std::string& host : allowed_hosts) hosts_.push_back(as_host(host));
  hosts_.push_back(own);
  if (local) hosts_.insert(hosts_.end(), {"localhost", "127.0.0.1", "[::1]"});
}

bool RequestGuard::allows_host(std::string_view host) const {
  const std::string_view name = without_port(host);
  return any_host_ || std::ranges::any_of(hosts_, [&](const std::string& one) { return iequals(one, name); });
}

bool RequestGuard::allows_origin(std::string_view origin) const {
  return std::ranges::any_of(origins_, [&](const std::string& one) { return iequals(one, origin); });
}

Status RequestGuard::check_host(std::string_view host) const {
  if (allows_host(host)) return {};
  return fail(Code::kPermissionDenied,
              "the Host header names another server than this one: ask by its address, or start it with --allow-host "
              "and that name");
}

Status RequestGuard::check_origin(std::string_view origin) const {
  if (allows_origin(origin)) return {};
  return fail(Code::kPermissionDenied,
              "web pages of this Origin may not ask: start the server with --allow-origin and that origin");
}

Status RequestGuard::check(const std::vector<std::pair<std::string, std::string>>& headers) const {
  size_t hosts = 0;
  for (const auto& [name, value] : headers) {
    if (iequals(name, "Host")) {
      ++hosts;
      MNEMO_TRY(check_host(value));
    } else if (iequals(name, "Origin")) {
      MNEMO_TRY(check_origin(value));
    }
  }
  if (hosts != 1) return fail(Code::kInvalidArgument, "a request has one Host header");
  return {};
}

}  // namespace mnemo
