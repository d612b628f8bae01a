// File: server/signals.h
// Signals as something to wait for, instead of code that runs between any two instructions.
#pragma once

#include <csignal>

namespace mnemo {

// SIGINT, SIGTERM and SIGHUP of the whole process, once one exists: make it before any thread is started, which
// inherit it. SIGPIPE and SIGXFSZ do nothing from then on. Not thread-safe: one waits.
class Signals {
 public:
  Signals();

  // The next of the three.
  int wait() const;
  // From now on, SIGINT and SIGTERM end the process at once: for whoever asks a second time.
  static void restore();

 private:
  sigset_t waited_for_{};
};

}  // namespace mnemo
