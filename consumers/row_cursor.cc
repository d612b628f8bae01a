#include "consumers/row_cursor.h"

namespace mnemo {

// No row's kind is 0xff.
RowCursor::RowCursor(const RowReader& rows) : RowCursor(rows, "", std::string(16, '\xff')) {}

Status RowCursor::fill() {
  if (ended_) return {};
  ended_ = true;
  size_t bytes = 0;
  MNEMO_TRY(rows_.scan(from_, to_, [&](std::string_view key, std::string_view value) {
    page_.emplace_back(key, value);
    bytes += key.size() + value.size();
    ended_ = page_.size() < kPageRows && bytes < kPageBytes;
    return ended_;
  }));
  if (!page_.empty()) from_ = page_.back().first + '\0';
  return {};
}

Status RowCursor::next() {
  page_.pop_front();
  return page_.empty() ? fill() : Status{};
}

}  // namespace mnemo
