#include "events/tell_aside.h"

#include <cstdio>

namespace mnemo {

void tell_aside(std::string_view text) noexcept {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace mnemo
