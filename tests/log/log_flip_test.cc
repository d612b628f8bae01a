// One flipped bit anywhere in the files of a log is found and named, or changes nothing.
//
// Built twice: with a sample of the bytes for `make test`, and with MNEMO_EVERY_BYTE for `make check`.
#include "tests/log/flip_testing.h"

namespace mnemo {
namespace {

#ifdef MNEMO_EVERY_BYTE
constexpr size_t kStride = 1;
constexpr size_t kShards = 4;
#else
constexpr size_t kStride = 53;
constexpr size_t kShards = 1;
#endif

class LogFlip : public testing::TestWithParam<size_t> {};

TEST_P(LogFlip, IsFoundAndNamedOrChangesNothing) {
  const std::vector<Flip> flips = flips_of_files(sample_log(), kStride, flip_seed());
  std::vector<Flip> mine;
  for (size_t i = GetParam(); i < flips.size(); i += kShards) mine.push_back(flips[i]);
  flip_each(sample_log(), mine);
}

INSTANTIATE_TEST_SUITE_P(Shard, LogFlip, testing::Range(size_t{0}, kShards));

}  // namespace
}  // namespace mnemo
