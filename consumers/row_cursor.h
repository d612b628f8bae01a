// File: consumers/row_cursor.h
// Rows in key order, a page at a time: for walks over two stores side by side in bounded memory.
#pragma once

#include <deque>
#include <string>
#include <utility>

#include "projector/store/rows.h"

namespace mnemo {

class RowCursor {
 public:
  explicit RowCursor(const RowReader& rows) : rows_(rows) {}

  // Moves to the first row; then next() to the one after. valid() is false behind the last.
  Status start() { return fill(); }
  Status next();
  bool valid() const { return !page_.empty(); }
  const std::string& key() const { return page_.front().first; }
  const std::string& value() const { return page_.front().second; }

 private:
  static constexpr size_t kPageRows = 256;
  Status fill();

  const RowReader& rows_;
  std::deque<std::pair<std::string, std::string>> page_;
  std::string from_;  // where the next page begins
  bool ended_ = false;
};

}  // namespace mnemo
