// File: projector/store/rows.h
// Rows as the state machine and the index see them: an ordered map of bytes, read through whatever lies above the
// database (a batch's own writes, or a snapshot). Only what implements these touches RocksDB.
//
// Errors are those of the storage: DATA_LOSS for damaged data, INTERNAL or UNAVAILABLE for failed I/O; a missing row
// is not an error. Not thread-safe unless an implementation says so.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "events/result.h"

namespace mnemo {

class RowReader {
 public:
  virtual ~RowReader() = default;

  // True and the value when the row exists.
  virtual Result<bool> get(std::string_view key, std::string& value) const = 0;

  // The rows of several keys, which ascend: calls `visit(i, value)` for each key that has one, in order. The views live
  // during the call only.
  using VisitFound = std::function<void(size_t i, std::string_view value)>;
  virtual Status get_all(std::span<const std::string> keys, const VisitFound& visit) const;

  // Calls `visit(key, value)` in key order for rows with from <= key < to, until it returns false. The views live
  // during the call only.
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  virtual Status scan(std::string_view from, std::string_view to, const Visit& visit) const = 0;

  // True and the row with the greatest key in from <= key < to.
  virtual Result<bool> last(std::string_view from, std::string_view to, std::string& key, std::string& value) const = 0;
};

// Reads see the writes made through the same object. Nothing is written while a scan is under way.
class RowWriter : public RowReader {
 public:
  // The rows as they were before any write that is still to be committed.
  virtual const RowReader& committed() const { return *this; }
  virtual void put(std::string_view key, std::string_view value) = 0;
  virtual void erase(std::string_view key) = 0;
};

// The least key greater than every key with this prefix (the prefix must not be all 0xff).
std::string prefix_end(std::string_view prefix);

}  // namespace mnemo
