#include "consumers/row_cursor.h"

namespace mnemo {

Status RowCursor::fill() {
  if (ended_) return {};
  const std::string end(16, '\xff');  // behind every row: no row's kind is 0xff
  MNEMO_TRY(rows_.scan(from_, end, [this](std::string_view key, std::string_view value) {
    page_.emplace_back(key, value);
    return page_.size() < kPageRows;
  }));
  ended_ = page_.size() < kPageRows;
  if (!page_.empty()) from_ = page_.back().first + '\0';
  return {};
}

Status RowCursor::next() {
  page_.pop_front();
  return page_.empty() ? fill() : Status{};
}

}  // namespace mnemo
