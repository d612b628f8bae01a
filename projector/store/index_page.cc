#include "projector/store/index_page.h"

#include <algorithm>
#include <bit>

namespace mnemo {
namespace {

PageBits without(const PageBits& bits, const PageBits& dead) {
  PageBits left;
  for (size_t i = 0; i < left.size(); ++i) left[i] = bits[i] & ~dead[i];
  return left;
}

uint32_t bytes_for(uint64_t v) { return static_cast<uint32_t>((std::bit_width(v) + 7) / 8); }

using Values = std::array<std::array<int64_t, kPageDocs>, kColumns>;

void put_head(std::string& out, uint64_t words, uint64_t expiring, uint32_t parts, const Values& values,
              const PageBits& dead) {
  put_varint(out, words);
  put_varint(out, expiring);
  put_varint(out, parts);
  for (const auto& column : values) put_column(out, column, dead);
}

// Filter values of a page, split into the columns row's share and further rows.
class FilterRows {
 public:
  void add(FilterField field, std::string_view value, const PageBits& docs) {
    const size_t before = rows_.back().size();
    put_filter(rows_.back(), field, value, docs);
    if (rows_.back().size() <= kChunkRowBytesMax || before == 0) return;
    std::string moved = rows_.back().substr(before);
    rows_.back().resize(before);
    rows_.push_back(std::move(moved));
  }
  const std::vector<std::string>& rows() const { return rows_; }

 private:
  std::vector<std::string> rows_{1};
};

FilterRows filter_rows(const TailView& tail, const PageBits& dead) {
  std::vector<PageBits> docs(tail.values());
  for (uint32_t i = 0; i < tail.docs(); ++i) {
    if (has_bit(dead, i)) continue;
    for (const uint32_t value : tail.filters(i)) set_bit(docs[value], i);
  }
  std::vector<uint32_t> order(tail.values());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return FilterTerm{tail.field(a), tail.text(a)} < FilterTerm{tail.field(b), tail.text(b)};
  });
  FilterRows out;
  for (const uint32_t value : order) {
    if (docs[value] != PageBits{}) out.add(tail.field(value), tail.text(value), docs[value]);
  }
  return out;
}

}  // namespace

std::string row_name(std::string_view key) {
  Decoder in(key);
  const auto kind = static_cast<keys::Row>(in.u8());
  std::string name = std::string(1, static_cast<char>(kind)) + " row (";
  const auto append = [&](std::string_view what, uint64_t number) {
    if (name.back() != '(') name += ", ";
    name.append(what).append(" ").append(std::to_string(number));
  };
  if (kind == keys::Row::kIndexWork) {
    append("index work", in.be64());
    return name + ")";
  }
  append("agent number", in.be32());
  if (kind == keys::Row::kFence || kind == keys::Row::kChunk) {
    append("level", in.u8());
    append("segment", in.be32());
  } else {
    append("page", in.be32());
  }
  if (in.left() == 4) append("part", in.be32());
  return name + ")";
}

tl::unexpected<Error> damaged_row(std::string_view key) {
  return fail(Code::kDataLoss, "the index's " + row_name(key) + " is damaged: rebuild the projection from the log");
}
tl::unexpected<Error> missing_row(std::string_view key) {
  return fail(Code::kDataLoss, "the index's " + row_name(key) + " is missing: rebuild the projection from the log");
}

std::string MaskRow::encode() const {
  std::string row;
  for (const uint64_t word : dead) put_le64(row, word);
  put_varint(row, gone_words);
  return row;
}

bool MaskRow::decode(std::string_view row) {
  Decoder in(row);
  for (uint64_t& word : dead) word = in.le64();
  gone_words = in.varint();
  return in.done();
}

Result<MaskRow> read_mask(const RowReader& rows, AgentOrd ord, uint32_t page) {
  const std::string key = keys::of_number(keys::Row::kMask, ord, page);
  std::string row;
  MaskRow mask;
  MNEMO_ASSIGN(const bool found, rows.get(key, row));
  if (found && !mask.decode(row)) return damaged_row(key);
  return mask;
}

bool ColumnView::parse(Decoder& in) {
  width_ = in.u8();
  base_ = in.zigzag64();
  if (width_ > 8) return false;
  cells_ = in.raw(size_t{width_} * kPageDocs).data();
  return in.ok();
}

void put_column(std::string& out, const std::array<int64_t, kPageDocs>& values, const PageBits& dead) {
  int64_t least = INT64_MAX;
  int64_t greatest = INT64_MIN;
  for (uint32_t i = 0; i < kPageDocs; ++i) {
    if (has_bit(dead, i)) continue;
    least = std::min(least, values[i]);
    greatest = std::max(greatest, values[i]);
  }
  if (least > greatest) least = greatest = 0;
  const uint32_t width = bytes_for(static_cast<uint64_t>(greatest) - static_cast<uint64_t>(least));
  out.push_back(static_cast<char>(width));
  put_varint(out, zigzag(least));
  out.resize(out.size() + size_t{width} * kPageDocs);
  char* cell = out.data() + out.size() - size_t{width} * kPageDocs;
  for (uint32_t i = 0; i < kPageDocs; ++i) {
    const uint64_t v = has_bit(dead, i) ? 0 : static_cast<uint64_t>(values[i]) - static_cast<uint64_t>(least);
    for (uint32_t k = 0; k < width; ++k) *cell++ = static_cast<char>(v >> (8 * k));
  }
}

bool PageHead::parse(std::string_view row) {
  Decoder in(row);
  words = in.varint();
  expiring = in.varint();
  const uint64_t count = in.varint();
  if (!in.ok() || count > UINT32_MAX) return false;
  parts = static_cast<uint32_t>(count);
  for (ColumnView& column : columns) {
    if (!column.parse(in)) return false;
  }
  filters = in.raw(in.left());
  return true;
}

void put_filter(std::string& out, FilterField field, std::string_view value, const PageBits& docs) {
  out.push_back(static_cast<char>(field));
  put_bytes(out, value);
  uint32_t count = 0;
  for (const uint64_t word : docs) count += static_cast<uint32_t>(std::popcount(word));
  put_varint(out, count);
  if (count > 31) {
    for (const uint64_t word : docs) put_le64(out, word);
    return;
  }
  for (uint32_t i = 0; i < docs.size(); ++i) {
    for (uint64_t word = docs[i]; word != 0; word &= word - 1) {
      out.push_back(static_cast<char>(i * 64 + static_cast<uint32_t>(std::countr_zero(word))));
    }
  }
}

void write_columns(RowWriter& rows, AgentOrd ord, uint32_t page, const TailView& tail, const PageBits& dead,
                   uint64_t words, uint64_t expiring) {
  Values values{};
  for (uint32_t i = 0; i < tail.docs(); ++i) {
    if (has_bit(dead, i)) continue;
    const TailDoc& doc = tail.doc(i);
    values[0][i] = doc.length;
    values[1][i] = doc.observed_at_ms;
    values[2][i] = doc.recorded_at_ms;
    values[3][i] = doc.expires_at_ms;
    words += doc.length;
    expiring += doc.expires_at_ms != 0 ? 1 : 0;
  }
  const FilterRows filters = filter_rows(tail, dead);
  const auto parts = static_cast<uint32_t>(filters.rows().size() - 1);
  std::string row;
  put_head(row, words, expiring, parts, values, dead);
  row += filters.rows()[0];
  rows.put(columns_key(ord, page), row);
  for (uint32_t i = 1; i <= parts; ++i) rows.put(columns_part_key(ord, page, i), filters.rows()[i]);
}

bool scrub_columns(std::string_view row, bool part, const PageBits& dead, std::string& out) {
  out.clear();
  std::string_view filters = row;
  std::string head;
  if (!part) {
    PageHead parsed;
    if (!parsed.parse(row)) return false;
    Values values;
    for (size_t c = 0; c < kColumns; ++c) {
      for (uint32_t i = 0; i < kPageDocs; ++i) values[c][i] = parsed.columns[c][i];
    }
    put_head(head, parsed.words, parsed.expiring, parsed.parts, values, dead);
    filters = parsed.filters;
  }
  out += head;
  return for_each_filter(filters, [&](FilterField field, std::string_view value, const PageBits& docs) {
    const PageBits left = without(docs, dead);
    if (left != PageBits{}) put_filter(out, field, value, left);
    return true;
  });
}

}  // namespace mnemo
