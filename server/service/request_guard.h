// File: server/service/request_guard.h
// Whether a request comes from where it may: against web pages that make a browser ask a server on its own machine,
// under a name of theirs that points here (DNS rebinding) or from a page of theirs.
//
// Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/result.h"

namespace mnemo {

class RequestGuard {
 public:
  // `address`: what the server listens at, an IP literal or localhost. On a loopback address the names of this machine
  // are allowed beside those of the list; on another one an empty list allows any. Origins are whole:
  // "https://app.example"; others are refused.
  RequestGuard(std::string_view address, const std::vector<std::string>& allowed_hosts,
               std::vector<std::string> allowed_origins);

  // INVALID_ARGUMENT: there is not exactly one Host. PERMISSION_DENIED: it is not a name of this server, or there is an
  // Origin that is not allowed.
  Status check(const std::vector<std::pair<std::string, std::string>>& headers) const;
  // PERMISSION_DENIED. A host may come with its port.
  Status check_host(std::string_view host) const;
  Status check_origin(std::string_view origin) const;

 private:
  bool allows_host(std::string_view host) const;
  bool allows_origin(std::string_view origin) const;

  bool any_host_ = false;
  std::vector<std::string> hosts_;  // IPv6 in brackets
  std::vector<std::string> origins_;
};

}  // namespace mnemo
