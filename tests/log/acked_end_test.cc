#include "events/acked_end.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "events/limits.h"
#include "tests/log/damage_testing.h"

namespace mnemo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr size_t kCopyBytes = 4096;
constexpr size_t kSlotBytes = 2 * kCopyBytes;
constexpr LogIdentity kIdentity{{1, 2, 3}, 4, 3};

class AckedEndTest : public testing::Test {
 protected:
  AckedEnd create(const LogIdentity& identity = kIdentity) {
    auto mark = AckedEnd::create(file_, identity);
    if (!mark) throw std::runtime_error(mark.error().message);
    return std::move(*mark);
  }
  void advance(AckedEnd& mark, std::vector<uint64_t> ends) {
    const Status status = mark.advance(ends);
    ASSERT_TRUE(status.has_value()) << status.error().message;
  }
  std::vector<uint64_t> ends_on_disk() {
    const auto mark = AckedEnd::open(file_);
    return mark ? mark->contents().ends : std::vector<uint64_t>{};
  }

  TempDir dir_;
  std::filesystem::path file_ = dir_.path() / "ACKED_END";
};

TEST_F(AckedEndTest, ANewMarkSaysThatNothingIsAcknowledged) {
  {
    create();
  }
  const auto mark = AckedEnd::open(file_);
  ASSERT_TRUE(mark.has_value());
  EXPECT_THAT(mark->contents().ends, ElementsAre(0, 0, 0));
  EXPECT_EQ(mark->contents().identity.log_id, kIdentity.log_id);
  EXPECT_EQ(mark->contents().identity.epoch, 4u);
  EXPECT_EQ(mark->contents().identity.partitions, 3u);
  EXPECT_THAT(mark->warnings(), testing::IsEmpty());
}

TEST_F(AckedEndTest, TheNewestOfTwoSlotsServes) {
  for (uint64_t i = 1; i <= 5; ++i) {
    {
      auto mark = i == 1 ? create() : AckedEnd::open(file_).value();
      advance(mark, {i, 2 * i, i / 2});
    }
    EXPECT_THAT(ends_on_disk(), ElementsAre(i, 2 * i, i / 2));
  }
}

TEST_F(AckedEndTest, AWriteThatWasCutOffAnywhereLeavesTheMarkBefore) {
  std::string before;
  std::string after;
  {
    auto mark = create();
    advance(mark, {10, 10, 10});
    before = read_file(file_);
    advance(mark, {20, 20, 20});
    after = read_file(file_);
  }
  const auto near = [](size_t cut, size_t edge) { return cut + 64 > edge && cut < edge + 128; };
  for (size_t cut = 0; cut <= kSlotBytes;
       cut += near(cut, 0) || near(cut, kCopyBytes) || near(cut, kSlotBytes) ? 1 : 64) {
    // The write went to one slot, from its front.
    const size_t slot = before.substr(0, kSlotBytes) == after.substr(0, kSlotBytes) ? kSlotBytes : 0;
    std::string torn = before;
    torn.replace(slot, cut, after, slot, cut);
    write_file(file_, torn);
    const auto mark = AckedEnd::open(file_);
    ASSERT_TRUE(mark.has_value()) << cut;
    const bool first_copy_whole = torn.substr(slot, kCopyBytes) == after.substr(slot, kCopyBytes);
    const uint64_t end = first_copy_whole ? 20 : 10;
    ASSERT_THAT(mark->contents().ends, ElementsAre(end, end, end)) << cut;
  }
}

// The newest mark must not be lost by a flip: the mark before it would hide that records are missing.
TEST_F(AckedEndTest, ADamagedCopyIsNoticedTheOtherServesAndTheNextWriteRepairsIt) {
  {
    auto mark = create();
    advance(mark, {10, 10, 10});
  }
  const std::string good = read_file(file_);
  for (size_t byte = 0; byte < good.size(); byte += byte % kCopyBytes < 80 || byte % kCopyBytes > 4000 ? 1 : 97) {
    std::string bad = good;
    bad[byte] ^= 0x10;
    write_file(file_, bad);
    {
      auto mark = AckedEnd::open(file_);
      ASSERT_TRUE(mark.has_value());
      ASSERT_THAT(mark->contents().ends, ElementsAre(10, 10, 10)) << byte;
      const std::string copy = "the copy at byte " + std::to_string(byte / kCopyBytes * kCopyBytes);
      EXPECT_THAT(mark->warnings(), ElementsAre(HasSubstr(copy)));
      EXPECT_FALSE(mark->newer_may_be_lost());
      advance(*mark, {30, 30, 30});
    }
    const auto mark = AckedEnd::open(file_);
    EXPECT_THAT(mark->warnings(), testing::IsEmpty());
    EXPECT_THAT(mark->contents().ends, ElementsAre(30, 30, 30));
  }
}

TEST_F(AckedEndTest, ASlotWithoutAValidCopyMayHaveBeenTheNewest) {
  {
    auto mark = create();
    advance(mark, {10, 10, 10});
  }
  const std::string good = read_file(file_);
  for (const size_t slot : {size_t{0}, kSlotBytes}) {
    std::string bad = good;
    bad[slot + 50] ^= 0x10;
    bad[slot + kCopyBytes + 50] ^= 0x10;
    write_file(file_, bad);
    {
      auto mark = AckedEnd::open(file_);
      ASSERT_TRUE(mark.has_value());
      EXPECT_TRUE(mark->newer_may_be_lost());
      EXPECT_THAT(mark->warnings(), ElementsAre(HasSubstr("nobody can tell")));
      advance(*mark, {30, 30, 30});
    }
    const auto mark = AckedEnd::open(file_);
    EXPECT_FALSE(mark->newer_may_be_lost());
    EXPECT_THAT(mark->warnings(), testing::IsEmpty());
    EXPECT_THAT(mark->contents().ends, ElementsAre(30, 30, 30));
  }
}

TEST_F(AckedEndTest, WithoutAValidCopyIsDataLoss) {
  {
    create();
  }
  for (std::string bad : {std::string(), std::string(2 * kSlotBytes, '\0'), std::string(100, 'x')}) {
    write_file(file_, bad);
    const auto mark = AckedEnd::open(file_);
    ASSERT_FALSE(mark.has_value());
    EXPECT_EQ(mark.error().code, Code::kDataLoss);
    EXPECT_THAT(mark.error().message, HasSubstr(file_.string()));
  }
}

TEST_F(AckedEndTest, IsHeldByOneAtATime) {
  {
    const auto mark = create();
    EXPECT_EQ(AckedEnd::open(file_).error().code, Code::kFailedPrecondition);
    EXPECT_EQ(AckedEnd::open(file_, true).error().code, Code::kFailedPrecondition);
    EXPECT_EQ(AckedEnd::create(file_, kIdentity).error().code, Code::kAlreadyExists);
  }
  EXPECT_TRUE(AckedEnd::open(file_).has_value());
  EXPECT_EQ(AckedEnd::open(dir_.path() / "other").error().code, Code::kNotFound);
}

TEST_F(AckedEndTest, HoldsAsManyPartitionsAsALogMayHave) {
  std::vector<uint64_t> ends;
  for (uint64_t i = 0; i < limits::kPartitionsMax; ++i) ends.push_back(i << 40);
  {
    auto mark = create({{1}, 1, limits::kPartitionsMax});
    advance(mark, ends);
  }
  EXPECT_EQ(ends_on_disk(), ends);
}

}  // namespace
}  // namespace mnemo
