#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "events/envelope.h"

namespace mnemo {
namespace {

struct Vector {
  std::string key;
  uint32_t hash = 0;
  uint32_t of_1 = 0;
  uint32_t of_8 = 0;
  uint32_t of_1000 = 0;
};

// What Kafka's Java client printed (tests/golden/MurmurVectors.java).
std::vector<Vector> vectors() {
  std::ifstream file(MNEMO_GOLDEN_DIR "/murmur2.tsv");
  std::vector<Vector> all;
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with('#')) continue;
    const size_t tab = line.find('\t');
    std::istringstream numbers(line.substr(tab));
    Vector v;
    numbers >> v.hash >> v.of_1 >> v.of_8 >> v.of_1000;
    EXPECT_FALSE(numbers.fail()) << line;
    v.key = from_hex(line.substr(0, tab)).value();
    all.push_back(v);
  }
  return all;
}

TEST(Murmur2, EqualsTheJavaClientsOnEveryVector) {
  size_t over_2_31 = 0;
  for (const Vector& v : vectors()) {
    EXPECT_EQ(murmur2(v.key), v.hash) << to_hex(v.key);
    over_2_31 += v.hash > 0x80000000U ? 1 : 0;
  }
  EXPECT_GE(vectors().size(), 230U);
  EXPECT_GE(over_2_31, 50U) << "vectors must cover hashes that are negative in Java";
}

TEST(Murmur2, PartitionsEqualTheJavaClientsOnEveryVector) {
  for (const Vector& v : vectors()) {
    EXPECT_EQ(partition_of(v.key, 1).value, v.of_1) << to_hex(v.key);
    EXPECT_EQ(partition_of(v.key, 8).value, v.of_8) << to_hex(v.key);
    EXPECT_EQ(partition_of(v.key, 1000).value, v.of_1000) << to_hex(v.key);
  }
}

}  // namespace
}  // namespace mnemo
