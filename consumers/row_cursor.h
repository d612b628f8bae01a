// File: consumers/row_cursor.h
// Rows in key order, a page at a time: for walks over stores in bounded memory, two side by side if need be.
#pragma once

#include <deque>
#include <string>
#include <utility>

#include "projector/store/rows.h"

namespace mnemo {

class RowCursor {
 public:
  // A page ends with the row that brings it to either; so it holds less than kPageBytes and one row.
  static constexpr size_t kPageRows = 256;
  static constexpr size_t kPageBytes = 1 << 20;

  explicit RowCursor(const RowReader& rows);  // all rows
  RowCursor(const RowReader& rows, std::string from, std::string to)
      : rows_(rows), from_(std::move(from)), to_(std::move(to)) {}

  // Moves to the first row; then next() to the one after. valid() is false behind the last.
  Status start() { return fill(); }
  Status next();
  bool valid() const { return !page_.empty(); }
  const std::string& key() const { return page_.front().first; }
  const std::string& value() const { return page_.front().second; }

 private:
  Status fill();

  const RowReader& rows_;
  std::deque<std::pair<std::string, std::string>> page_;
  std::string from_;  // where the next page begins
  std::string to_;
  bool ended_ = false;
};

}  // namespace mnemo
