// File: server/grpc/door_sockets.h
// The sockets of a gRPC server, which gRPC keeps to itself, for a stop that tells no client anything untrue.
//
// gRPC answers CANCELLED to what reaches it after it has begun to shut down and before the client has heard of that,
// and closes connections on which the client may still be sending: the reset that this brings about can take answers
// with it that the client has not read. So nobody new may come first, then each client is to read all that was sent to
// it, and the end of that; gRPC shuts down when nothing that it says can reach anybody. Meanwhile it is not to see what
// clients go on sending: it would say something to that, which is an error by then and makes it close.
//
//   DoorSockets sockets;  // before the server listens
//   ...
//   sockets.listening(port);
//   ...
//   sockets.refuse_new();
//   sockets.leave_unread();
//   sockets.end_sending();
//   while (sockets.connections() > 0) ...
//
// They are found among the descriptors of the process; where those cannot be listed nothing is. For one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace mnemo {

class DoorSockets {
 public:
  // What listens already is another's.
  DoorSockets();
  // The server has begun to: what listens at this port is its.
  void listening(uint16_t port);

  // Who connects is refused from now on.
  void refuse_new() const;
  // What clients send from now on is not read before their end is, unless it is much.
  void leave_unread() const;
  // What was sent on the connections arrives, and then their end. What is sent from now on does not, and is an error to
  // the sender.
  void end_sending() const;
  // Those of which not both sides have ended.
  size_t connections() const;

  struct Address {
    std::array<uint8_t, 16> host{};  // IPv4 as IPv6 has it
    uint16_t port = 0;
    bool operator==(const Address&) const = default;
  };

 private:
  struct Listener {
    int descriptor;
    Address address;
  };
  bool has_connection(int descriptor) const;
  void each_connection(const std::function<void(int)>& act) const;

  std::vector<int> others_;
  std::vector<Listener> listeners_;
};

}  // namespace mnemo
