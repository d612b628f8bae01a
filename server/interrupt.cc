#include "server/interrupt.h"

#include <atomic>

namespace mnemo {
namespace {

std::atomic<bool> g_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal's handler sets it");

}  // namespace

Interrupt::Interrupt() {
  g_asked = false;
  struct sigaction action{};
  action.sa_handler = [](int /*signal*/) { g_asked = true; };
  sigemptyset(&action.sa_mask);
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // without SA_RESTART: a read must not go on waiting
  sigaction(SIGINT, &action, &before_int_);
  sigaction(SIGTERM, &action, &before_term_);
}

Interrupt::~Interrupt() {
  sigaction(SIGINT, &before_int_, nullptr);
  sigaction(SIGTERM, &before_term_, nullptr);
}

bool Interrupt::asked() { return g_asked; }

}  // namespace mnemo
