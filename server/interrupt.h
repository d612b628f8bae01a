// File: server/interrupt.h
// A person or the system asks a long command to stop (SIGINT, SIGTERM): it ends what it began, and says how far it
// came.
#pragma once

#include <csignal>

namespace mnemo {

// While one lives, the first such signal is noted, and a read that waits for input returns; the second one ends the
// process as ever. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  static bool asked();

 private:
  struct sigaction before_int_{};
  struct sigaction before_term_{};
};

}  // namespace mnemo
