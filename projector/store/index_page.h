// File: projector/store/index_page.h
// Columns rows and mask rows: what the index keeps of 256 documents beside their text. docs/formats.md has the bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/coding.h"
#include "events/result.h"
#include "projector/store/index.h"
#include "projector/store/keys.h"
#include "projector/store/tail.h"

namespace mnemo {

// "D row (agent number 3, page 7)", for messages.
std::string row_name(std::string_view key);
// DATA_LOSS: the row is damaged, or missing.
[[nodiscard]] tl::unexpected<Error> damaged_row(std::string_view key);
[[nodiscard]] tl::unexpected<Error> missing_row(std::string_view key);

struct MaskRow {
  PageBits dead{};
  // Words of documents that died after their page was written, so that the page's running total still counts them.
  uint64_t gone_words = 0;

  std::string encode() const;
  bool decode(std::string_view row);
};

// The mask row of a page; all alive when there is none.
Result<MaskRow> read_mask(const RowReader& rows, AgentOrd ord, uint32_t page);

enum class Column : uint8_t { kLength = 0, kObservedAt = 1, kRecordedAt = 2, kExpiresAt = 3 };
inline constexpr size_t kColumns = 4;

// Numbers of 256 documents as distances from the least of them, all of the same width: read in place.
class ColumnView {
 public:
  bool parse(Decoder& in);
  int64_t operator[](uint32_t i) const {
    const char* p = cells_ + size_t{i} * width_;
    uint64_t v = 0;
    for (uint32_t k = 0; k < width_; ++k) v |= uint64_t{static_cast<uint8_t>(p[k])} << (8 * k);
    return static_cast<int64_t>(static_cast<uint64_t>(base_) + v);
  }

 private:
  uint32_t width_ = 0;
  int64_t base_ = 0;
  const char* cells_ = nullptr;
};
// Documents whose bit is set in `dead` are left out: they read as the least.
void put_column(std::string& out, const std::array<int64_t, kPageDocs>& values, const PageBits& dead);

// The fixed part of a columns row. What views show lives in the row.
struct PageHead {
  uint64_t words = 0;     // of all documents of this agent up to the end of this page, as they were when it was written
  uint64_t expiring = 0;  // how many of them have an expiry, likewise
  uint32_t parts = 0;     // further rows of filter values
  std::array<ColumnView, kColumns> columns;
  std::string_view filters;  // the rest: filter values

  bool parse(std::string_view row);
  const ColumnView& column(Column c) const { return columns[static_cast<size_t>(c)]; }
};

void put_filter(std::string& out, FilterField field, std::string_view value, const PageBits& docs);

// Calls visit(field, value, bits) for each filter value in order, until it returns false. False: damaged.
template <typename Visit>
bool for_each_filter(std::string_view bytes, Visit&& visit) {
  Decoder in(bytes);
  while (!in.at_end()) {
    const auto field = static_cast<FilterField>(in.u8());
    const std::string_view value = in.bytes();
    const uint64_t docs = in.varint();
    PageBits bits{};
    if (docs > 31) {
      for (uint64_t& word : bits) word = in.le64();
    } else {
      for (const char c : in.raw(docs)) set_bit(bits, static_cast<uint8_t>(c));
    }
    if (!in.ok()) return false;
    if (!visit(field, value, bits)) return true;
  }
  return true;
}

// The rows of a page whose documents the tail holds, without those in `dead`. `words` and `expiring` are the running
// totals before this page.
void write_columns(RowWriter& rows, AgentOrd ord, uint32_t page, const TailView& tail, const PageBits& dead,
                   uint64_t words, uint64_t expiring);

// The row without the documents in `dead`: the same row when it holds nothing of them. `part` rows hold filter values
// only. False: damaged.
bool scrub_columns(std::string_view row, bool part, const PageBits& dead, std::string& out);

inline std::string columns_key(AgentOrd ord, uint32_t page) { return keys::of_number(keys::Row::kColumns, ord, page); }
inline std::string columns_part_key(AgentOrd ord, uint32_t page, uint32_t part) {
  std::string key = columns_key(ord, page);
  put_be32(key, part);
  return key;
}

}  // namespace mnemo
