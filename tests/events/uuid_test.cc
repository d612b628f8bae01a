#include "events/uuid.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace mnemo {
namespace {

uint64_t ms_of(const Bytes16& id) {
  uint64_t ms = 0;
  for (size_t i = 0; i < 6; ++i) ms = ms << 8 | id[i];
  return ms;
}

TEST(Uuid, HasTheTimeVersionAndVariantOfRfc9562) {
  const ManualClock clock(1'683'554'160'123);
  UuidGenerator generator(clock, 7);
  const Bytes16 id = generator.next();
  EXPECT_EQ(ms_of(id), 1'683'554'160'123U);
  EXPECT_EQ(id[6] >> 4, 7);
  EXPECT_EQ(id[8] >> 6, 2);
}

TEST(Uuid, SortsByCreationWhileTheClockStandsStill) {
  const ManualClock clock(1'700'000'000'000);
  UuidGenerator generator(clock, 7);
  Bytes16 last = generator.next();
  for (int i = 0; i < 20'000; ++i) {  // several times what one millisecond's counter holds
    const Bytes16 id = generator.next();
    ASSERT_LT(last, id) << "id " << i;
    last = id;
  }
}

TEST(Uuid, SortsByCreationWhenTheClockGoesBack) {
  ManualClock clock(1'700'000'000'000);
  UuidGenerator generator(clock, 7);
  const Bytes16 before = generator.next();
  clock.advance_ms(-3'600'000);
  const Bytes16 after = generator.next();
  EXPECT_LT(before, after);
  clock.set_ms(1'700'000'000'001);
  EXPECT_LT(after, generator.next());
}

TEST(Uuid, FollowsTheClockAgainAfterRunningAhead) {
  ManualClock clock(1'700'000'000'000);
  UuidGenerator generator(clock, 7);
  for (int i = 0; i < 20'000; ++i) generator.next();
  clock.advance_ms(60'000);
  EXPECT_EQ(ms_of(generator.next()), 1'700'000'060'000U);
}

TEST(Uuid, TimesBefore1970AndAfterTheFieldsEndStayInTheField) {
  ManualClock clock(-5);
  UuidGenerator early(clock, 7);
  EXPECT_EQ(ms_of(early.next()), 0U);
  clock.set_ms(INT64_MAX);
  UuidGenerator late(clock, 7);
  EXPECT_EQ(ms_of(late.next()), (uint64_t{1} << 48) - 1);
}

TEST(Uuid, OneSeedGivesTheSameIdsAndAnotherGivesOthers) {
  const ManualClock clock(1'700'000'000'000);
  UuidGenerator a(clock, 7);
  UuidGenerator b(clock, 7);
  UuidGenerator c(clock, 8);
  const Bytes16 first = a.next();
  EXPECT_EQ(first, b.next());
  EXPECT_NE(first, c.next());
}

TEST(Uuid, WithoutASeedTwoGeneratorsGiveDifferentIds) {
  const ManualClock clock(1'700'000'000'000);
  UuidGenerator a(clock);
  UuidGenerator b(clock);
  EXPECT_NE(a.next(), b.next());
}

TEST(Uuid, ThreadsNeverGetTheSameId) {
  const ManualClock clock(1'700'000'000'000);
  UuidGenerator generator(clock);
  std::vector<std::vector<Bytes16>> made(4);
  std::vector<std::thread> threads;
  for (auto& ids : made) {
    threads.emplace_back([&generator, &ids] {
      for (int i = 0; i < 5'000; ++i) ids.push_back(generator.next());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<Bytes16> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), 20'000U);
}

TEST(UuidText, IsThirtySixCharactersAndParsesBack) {
  Bytes16 id;
  for (size_t i = 0; i < 16; ++i) id[i] = static_cast<uint8_t>(i * 17);
  EXPECT_EQ(uuid_text(id), "00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_EQ(parse_uuid(uuid_text(id)), id);
  EXPECT_EQ(parse_uuid("00112233-4455-6677-8899-AABBCCDDEEFF"), id);
}

TEST(UuidText, AnythingElseIsRefused) {
  for (const char* text : {"", "00112233", "00112233-4455-6677-8899-aabbccddeef",
                           "00112233-4455-6677-8899-aabbccddeeff0", "0011223304455-6677-8899-aabbccddeeff",
                           "00112233-4455-6677-8899-aabbccddeefg", "00112233-4455-6677-8899_aabbccddeeff",
                           "------------------------------------", "{0112233-4455-6677-8899-aabbccddeef}"}) {
    const auto id = parse_uuid(text);
    ASSERT_FALSE(id.has_value()) << text;
    EXPECT_EQ(id.error().code, Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace mnemo
