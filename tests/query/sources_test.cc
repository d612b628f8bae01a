// Scores must come out the same on every compiler and CPU, so nothing in query/ may compute in floating point.
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace mnemo {
namespace {

bool in_word(std::string_view code, size_t at) {
  return at < code.size() && (std::isalnum(static_cast<unsigned char>(code[at])) != 0 || code[at] == '_');
}

bool has_word(std::string_view code, std::string_view word) {
  for (size_t at = code.find(word); at != std::string_view::npos; at = code.find(word, at + 1)) {
    if (!in_word(code, at - 1) && !in_word(code, at + word.size())) return true;
  }
  return false;
}

// As in "1.5".
bool has_decimal(std::string_view code) {
  const auto digit = [&](size_t at) {
    return at < code.size() && std::isdigit(static_cast<unsigned char>(code[at])) != 0;
  };
  for (size_t at = code.find('.'); at != std::string_view::npos; at = code.find('.', at + 1)) {
    if (digit(at - 1) && digit(at + 1)) return true;
  }
  return false;
}

bool computes_in_floating_point(std::string_view code) {
  return has_word(code, "float") || has_word(code, "double") || has_word(code, "cmath") || has_decimal(code);
}

TEST(Sources, OfQueryHaveNoFloatingPoint) {
  EXPECT_TRUE(computes_in_floating_point("const double x = y;"));
  EXPECT_TRUE(computes_in_floating_point("x *= 1.5;"));
  EXPECT_FALSE(computes_in_floating_point("bits = double_bits(v.number());"));
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(MNEMO_QUERY_DIR)) {
    if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") continue;
    ++files;
    std::ifstream in(entry.path());
    size_t number = 0;
    for (std::string line; std::getline(in, line);) {
      ++number;
      EXPECT_FALSE(computes_in_floating_point(line.substr(0, line.find("//"))))
          << entry.path() << ":" << number << ": " << line;
    }
  }
  EXPECT_GT(files, 10u);
}

}  // namespace
}  // namespace mnemo
