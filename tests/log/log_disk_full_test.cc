// A disk that is really full. Alone in its program: the mount must be there before the first thread is.
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>

#include <fstream>
#include <tuple>

#include "tests/log/fault_testing.h"

namespace mnemo {
namespace {

using testing::HasSubstr;

// A file system of its own for this process, 8 MiB large; false where the machine does not allow it.
bool mount_small_disk(const std::filesystem::path& at) {
  if (::unshare(CLONE_NEWNS) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  return ::mount("tmpfs", at.c_str(), "tmpfs", 0, "size=8m") == 0;
}

TEST(EmbeddedLogDiskFull, IsSaidAndTheLogOpensAgainWhenThereIsRoom) {
  const TempDir temp;
  const auto disk = temp.path() / "disk";
  std::filesystem::create_directory(disk);
  if (!mount_small_disk(disk)) GTEST_SKIP() << "this machine does not let a test mount a file system";
  std::ofstream(disk / "ballast") << std::string(4 << 20, 'b') << std::flush;

  std::vector<std::string> acknowledged;
  {
    auto log = EmbeddedLog::create(disk / "log", {.partitions = 1}, {.memtable_bytes = 256 << 10}).value();
    Error error;
    std::tie(acknowledged, error) = append_until_refused(*log, 20'000);
    EXPECT_GT(acknowledged.size(), 20u);
    EXPECT_EQ(error.code, Code::kUnavailable);
    EXPECT_TRUE(error.retryable);
    EXPECT_THAT(error.message, HasSubstr("no space is left: free some"));
  }
  {
    // Whether it opens on the full disk depends on how little was left; if it does not, it says why.
    const auto full = EmbeddedLog::open(disk / "log");
    if (!full) {
      EXPECT_EQ(full.error().code, Code::kUnavailable) << full.error().message;
      EXPECT_THAT(full.error().message, HasSubstr("no space is left: free some"));
    }
  }
  std::filesystem::remove(disk / "ballast");
  expect_whole_again(disk / "log", acknowledged);
  ::umount2(disk.c_str(), MNT_DETACH);
}

}  // namespace
}  // namespace mnemo
