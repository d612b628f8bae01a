#include "consumers/row_cursor.h"

#include <gtest/gtest.h>

#include "events/coding.h"
#include "tests/store/map_rows.h"

namespace mnemo {
namespace {

// Counts the rows that were read.
class CountedRows final : public RowReader {
 public:
  explicit CountedRows(const RowReader& rows) : rows_(rows) {}
  Result<bool> get(std::string_view key, std::string& value) const override { return rows_.get(key, value); }
  Status scan(std::string_view from, std::string_view to, const Visit& visit) const override {
    return rows_.scan(from, to, [&](std::string_view key, std::string_view value) {
      ++read;
      return visit(key, value);
    });
  }
  Result<bool> last(std::string_view from, std::string_view to, std::string& key, std::string& value) const override {
    return rows_.last(from, to, key, value);
  }

  mutable size_t read = 0;

 private:
  const RowReader& rows_;
};

std::string numbered(int i) {
  std::string key = "R";
  put_be32(key, static_cast<uint32_t>(i));
  return key;
}

TEST(RowCursor, ShowsEveryRowOnceInOrder) {
  for (const int rows : {0, 1, 255, 256, 257, 1000}) {
    MapRows map;
    for (int i = 0; i < rows; ++i) map.put(numbered(i), "value");
    RowCursor cursor(map);
    ASSERT_TRUE(cursor.start());
    for (int i = 0; i < rows; ++i) {
      ASSERT_TRUE(cursor.valid());
      EXPECT_EQ(cursor.key(), numbered(i));
      ASSERT_TRUE(cursor.next());
    }
    EXPECT_FALSE(cursor.valid());
  }
}

TEST(RowCursor, KeepsToItsRange) {
  MapRows map;
  for (const char* key : {"A1", "B1", "B2", "C1"}) map.put(key, "");
  RowCursor cursor(map, "B", "C");
  ASSERT_TRUE(cursor.start());
  EXPECT_EQ(cursor.key(), "B1");
  ASSERT_TRUE(cursor.next());
  EXPECT_EQ(cursor.key(), "B2");
  ASSERT_TRUE(cursor.next());
  EXPECT_FALSE(cursor.valid());
}

TEST(RowCursor, HoldsNoMoreBytesThanAPageAndARow) {
  constexpr size_t kRowBytes = 300 << 10;
  MapRows map;
  for (int i = 0; i < 300; ++i) map.put(numbered(i), std::string(kRowBytes, 'x'));
  const CountedRows rows(map);
  RowCursor cursor(rows);
  ASSERT_TRUE(cursor.start());
  size_t shown = 0;
  for (; cursor.valid(); ++shown) {
    EXPECT_LE((rows.read - shown) * kRowBytes, RowCursor::kPageBytes + kRowBytes);
    ASSERT_TRUE(cursor.next());
  }
  EXPECT_EQ(shown, 300U);
}

}  // namespace
}  // namespace mnemo
