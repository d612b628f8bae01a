#include <fmt/format.h>

#include <algorithm>

#include "server/import.h"

namespace mnemo {

std::string progress_bar(int permille, uint64_t read) {
  static constexpr int kColumns = 40;
  const int filled = std::clamp(permille, 0, 1000) * kColumns / 1000;
  return fmt::format("[{:#<{}}{:.<{}}] {} read", "", filled, "", kColumns - filled, read);
}

}  // namespace mnemo
