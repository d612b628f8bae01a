// File: events/tell_aside.h
// Standard error: warnings, progress, and why a command failed.
#pragma once

#include <string_view>

namespace mnemo {

// Prints the text as it is, at once. Where standard error cannot be written, it is lost, and nothing else happens: what
// a command does and its exit code do not depend on whether anybody listens. Thread-safe.
void tell_aside(std::string_view text) noexcept;

}  // namespace mnemo
