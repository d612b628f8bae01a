#include "server/grpc/door_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

namespace mnemo {
namespace {

using Address = DoorSockets::Address;

std::vector<int> descriptors() {
  std::vector<int> all;
  std::error_code ignored;
  const std::filesystem::directory_iterator end;
  for (std::filesystem::directory_iterator one("/proc/self/fd", ignored); one != end; one.increment(ignored)) {
    const std::string name = one->path().filename();
    int descriptor = 0;
    std::from_chars(name.data(), name.data() + name.size(), descriptor);
    all.push_back(descriptor);
  }
  return all;
}

Address to_address(const sockaddr_storage& socket) {
  Address address;
  if (socket.ss_family == AF_INET6) {
    sockaddr_in6 six{};
    std::memcpy(&six, &socket, sizeof six);
    std::memcpy(address.host.data(), &six.sin6_addr, address.host.size());
    address.port = ntohs(six.sin6_port);
  } else {
    sockaddr_in four{};
    std::memcpy(&four, &socket, sizeof four);
    constexpr size_t kBefore = 12;  // 10 zeros, 2 of ones
    if (four.sin_addr.s_addr != INADDR_ANY) {
      address.host[kBefore - 2] = address.host[kBefore - 1] = 0xff;
      std::memcpy(address.host.data() + kBefore, &four.sin_addr, sizeof four.sin_addr);
    }
    address.port = ntohs(four.sin_port);
  }
  return address;
}

// The own address of what is a TCP socket.
std::optional<Address> address_of(int descriptor) {
  int protocol = 0;
  socklen_t length = sizeof protocol;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) != 0 || protocol != IPPROTO_TCP) return {};
  sockaddr_storage socket{};
  length = sizeof socket;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&socket), &length) != 0) return {};
  return to_address(socket);
}

bool listens(int descriptor) {
  int on = 0;
  socklen_t length = sizeof on;
  return ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &on, &length) == 0 && on != 0;
}

bool is_connected(int descriptor) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  return ::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &length) == 0;
}

}  // namespace

DoorSockets::DoorSockets() {
  for (const int descriptor : descriptors()) {
    if (listens(descriptor)) others_.push_back(descriptor);
  }
}

void DoorSockets::listening(uint16_t port) {
  for (const int descriptor : descriptors()) {
    if (!listens(descriptor) || std::ranges::find(others_, descriptor) != others_.end()) continue;
    const std::optional<Address> address = address_of(descriptor);
    if (address && address->port == port) listeners_.push_back({descriptor, *address});
  }
}

// The descriptors are the server's for as long as it lives.
void DoorSockets::refuse_new() const {
  for (const Listener& listener : listeners_) ::shutdown(listener.descriptor, SHUT_RDWR);
}

// A socket is readable when it has so many bytes, or its end.
void DoorSockets::leave_unread() const {
  each_connection([](int connection) {
    const int bytes = std::numeric_limits<int>::max();
    ::setsockopt(connection, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
  });
}

void DoorSockets::end_sending() const {
  each_connection([](int connection) { ::shutdown(connection, SHUT_WR); });
}

// gRPC may close one at any time, and another thread be given its number: what is acted on is what was looked at.
void DoorSockets::each_connection(const std::function<void(int)>& act) const {
  for (const int descriptor : descriptors()) {
    if (!has_connection(descriptor)) continue;
    const int held = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (held < 0) continue;
    if (has_connection(held)) act(held);
    ::close(held);
  }
}

size_t DoorSockets::connections() const {
  return static_cast<size_t>(std::ranges::count_if(descriptors(), [this](int one) { return has_connection(one); }));
}

bool DoorSockets::has_connection(int descriptor) const {
  const std::optional<Address> address = address_of(descriptor);
  if (!address || !is_connected(descriptor)) return false;
  constexpr std::array<uint8_t, 16> kEveryHost{};
  return std::ranges::any_of(listeners_, [&](const Listener& listener) {
    return listener.address == *address ||
           (listener.address.port == address->port && listener.address.host == kEveryHost);
  });
}

}  // namespace mnemo
