// File: tests/store/map_rows.h
// Rows in a std::map. Plain value: a copy is a snapshot. Counts what is written.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "projector/store/rows.h"

namespace mnemo {

class MapRows final : public RowWriter {
 public:
  using Map = std::map<std::string, std::string, std::less<>>;

  struct Written {
    size_t puts = 0;
    size_t erases = 0;
    size_t bytes = 0;
    size_t largest = 0;     // value
    size_t by_kind[256]{};  // puts
  };

  Result<bool> get(std::string_view key, std::string& value) const override {
    const auto row = map_.find(key);
    if (row == map_.end()) return false;
    value = row->second;
    return true;
  }
  Status scan(std::string_view from, std::string_view to, const Visit& visit) const override {
    for (auto row = map_.lower_bound(from); row != map_.end() && row->first < to; ++row) {
      if (!visit(row->first, row->second)) break;
    }
    return {};
  }
  Result<bool> last(std::string_view from, std::string_view to, std::string& key, std::string& value) const override {
    auto row = map_.lower_bound(to);
    if (row == map_.begin() || (--row)->first < from) return false;
    key = row->first;
    value = row->second;
    return true;
  }
  void put(std::string_view key, std::string_view value) override {
    map_.insert_or_assign(std::string(key), std::string(value));
    ++written_.puts;
    ++written_.by_kind[static_cast<unsigned char>(key[0])];
    written_.bytes += value.size();
    written_.largest = std::max(written_.largest, value.size());
  }
  void erase(std::string_view key) override {
    map_.erase(std::string(key));
    ++written_.erases;
  }

  const Map& map() const { return map_; }
  Map& map() { return map_; }
  Written take_written() { return std::exchange(written_, Written{}); }

 private:
  Map map_;
  Written written_;
};

}  // namespace mnemo
