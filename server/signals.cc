#include "server/signals.h"

#include <pthread.h>

#include "events/result.h"

namespace mnemo {
namespace {

sigset_t stopping() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

Signals::Signals() : waited_for_(stopping()) {
  sigaddset(&waited_for_, SIGHUP);
  MNEMO_CHECK(pthread_sigmask(SIG_BLOCK, &waited_for_, nullptr) == 0);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // the write fails, and says so
}

int Signals::wait() const {
  int signal = 0;
  while (sigwait(&waited_for_, &signal) != 0) {
  }
  return signal;
}

void Signals::restore() {
  const sigset_t set = stopping();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace mnemo
