// File: server/progress_line.h
// On a terminal, how much of a command's work is done; elsewhere nothing.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>

#include "events/tell_aside.h"

namespace mnemo {

// One thread. The line ends when this does.
class ProgressLine {
 public:
  ProgressLine() = default;
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() {
    if (drawn_) tell_aside("\n");
  }
  void operator()(uint64_t done, uint64_t total) {
    if (!terminal_) return;
    drawn_ = true;
    tell_aside(fmt::format("\r{:>3} %", total == 0 ? 100 : done * 100 / total));
  }

 private:
  const bool terminal_ = isatty(STDERR_FILENO) != 0;
  bool drawn_ = false;
};

}  // namespace mnemo
