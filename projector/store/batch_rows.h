// File: projector/store/batch_rows.h
// The overlay of one batch: rows written by events of this batch, over the rows of the database. Every read of apply()
// goes through it, iterators included, so an event sees what the events before it did.
//
// Not thread-safe: owned by the partition's writer. The base must outlive it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "projector/store/flat_table.h"
#include "projector/store/rows.h"

namespace mnemo {

class BatchRows final : public RowWriter {
 public:
  struct Entry {
    std::string_view key;
    std::string_view value;
    bool erased = false;
  };

  explicit BatchRows(const RowReader& base);

  const RowReader& committed() const override { return base_; }
  Result<bool> get(std::string_view key, std::string& value) const override;
  Status scan(std::string_view from, std::string_view to, const Visit& visit) const override;
  Result<bool> last(std::string_view from, std::string_view to, std::string& key, std::string& value) const override;
  void put(std::string_view key, std::string_view value) override;
  void erase(std::string_view key) override;

  // What to write, each key once, in order of first write. Views live until clear().
  const std::vector<Entry>& entries() const { return entries_; }
  size_t bytes() const { return bytes_; }
  void clear();

 private:
  void write(std::string_view key, std::string_view value, bool erased);
  uint32_t find(std::string_view key, uint64_t hash) const;
  std::vector<const Entry*> unordered(std::string_view from, std::string_view to) const;
  const Entry* newest(std::string_view from, std::string_view to) const;
  std::string_view keep(std::string_view bytes);

  const RowReader& base_;
  std::vector<Entry> entries_;
  FlatTable table_;
  // Rows that scans ask for, in order. Record and memory rows are left out: they are most of the writes, and apply()
  // never scans them through the overlay. A scan that does all the same walks all entries.
  std::map<std::string_view, uint32_t> ordered_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  size_t chunk_ = 0;  // the chunk being filled
  size_t chunk_used_ = 0;
  std::vector<std::unique_ptr<char[]>> large_;
  size_t bytes_ = 0;
};

}  // namespace mnemo
