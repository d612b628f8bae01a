// Scores must come out the same on every compiler and CPU, so nothing in query/ may compute in floating point.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace mnemo {
namespace {

TEST(Sources, OfQueryHaveNoFloatingPoint) {
  const std::regex banned(R"(\b(float|double)\b|\b\d+\.\d|<cmath>|\bstd::unordered_)");
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(MNEMO_QUERY_DIR)) {
    if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") continue;
    ++files;
    std::ifstream in(entry.path());
    size_t number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      const std::string code = line.substr(0, line.find("//"));
      EXPECT_FALSE(std::regex_search(code, banned)) << entry.path() << ":" << number << ": " << line;
    }
  }
  EXPECT_GT(files, 10u);
}

}  // namespace
}  // namespace mnemo
