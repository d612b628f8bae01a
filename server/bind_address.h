// File: server/bind_address.h
// Where a door listens: HOST:PORT, with IPv6 in brackets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/result.h"

namespace mnemo {

struct BindAddress {
  std::string host;   // a literal IPv4 or IPv6 address, without brackets
  uint16_t port = 0;  // 0: any that is free

  // 127.0.0.0/8 or ::1: nobody else can reach it.
  bool is_loopback() const;
  std::string text() const;
};

// "127.0.0.1:7070", "[::1]:7070", "localhost:7070" (which is 127.0.0.1). INVALID_ARGUMENT says how it is written.
Result<BindAddress> parse_bind_address(std::string_view text);

}  // namespace mnemo
