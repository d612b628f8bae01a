#include "projector/store/index_segments.h"

#include <algorithm>

namespace mnemo {
namespace {

// A fence row begins with a byte (1: in force) and the number of chunks (be32).
constexpr size_t kFenceHeadBytes = 5;

std::string fence_head(bool in_force, uint32_t chunks) {
  std::string row(1, in_force ? '\1' : '\0');
  put_be32(row, chunks);
  return row;
}

// How many rows the fence with this first row has.
uint32_t fence_rows(std::string_view first_row) {
  Decoder in(first_row);
  in.u8();
  const uint32_t chunks = in.be32();
  return chunks == 0 ? 1 : (chunks - 1) / kFencePlacesPerRow + 1;
}

struct FenceKey {
  uint32_t level = 0;
  uint32_t number = 0;
  bool part = false;
};
bool parse_fence_key(std::string_view key, FenceKey& out) {
  Decoder in(key.substr(std::min<size_t>(5, key.size())));
  out.level = in.u8();
  out.number = in.be32();
  out.part = !in.at_end();
  if (out.part) in.be32();
  return in.done() && out.level >= 1 && out.level <= kMergeLevelsMax;
}

// Collects segments from fence rows in order of key.
class FenceReader {
 public:
  Status visit(std::string_view key, std::string_view row) {
    FenceKey at;
    if (!parse_fence_key(key, at)) return damaged_row(key);
    if (at.part) return visit_part(key, at, row);
    MNEMO_TRY(close());
    Decoder in(row);
    in_force_ = in.u8() == 1;
    chunks_ = in.be32();
    open_ = true;
    key_ = key;
    segment_ = Segment{.level = at.level, .number = at.number, .chunked = true, .row = {}, .fence = {}};
    if (!read_fence_places(in, segment_.fence)) return damaged_row(key);
    return {};
  }

  Status close() {
    if (!open_) return {};
    open_ = false;
    if (!in_force_) return {};
    if (segment_.fence.size() != chunks_) return damaged_row(key_);
    segments_.push_back(std::move(segment_));
    return {};
  }

  std::vector<Segment>& segments() { return segments_; }

 private:
  Status visit_part(std::string_view key, const FenceKey& at, std::string_view row) {
    // What is left of a fence whose first row is deleted already.
    if (!open_ || at.level != segment_.level || at.number != segment_.number) return {};
    Decoder in(row);
    if (!read_fence_places(in, segment_.fence)) return damaged_row(key);
    return {};
  }

  bool open_ = false;
  bool in_force_ = false;
  uint32_t chunks_ = 0;
  std::string key_;
  Segment segment_;
  std::vector<Segment> segments_;
};

Result<std::vector<Segment>> scan_fences(const RowReader& rows, std::string_view from, std::string_view to,
                                         IndexReads* reads) {
  FenceReader reader;
  Status decoded;
  if (reads != nullptr) ++reads->point_reads;
  MNEMO_TRY(rows.scan(from, to, [&](std::string_view key, std::string_view row) {
    if (reads != nullptr) ++reads->rows, reads->bytes += row.size();
    decoded = reader.visit(key, row);
    return decoded.has_value();
  }));
  MNEMO_TRY(std::move(decoded));
  MNEMO_TRY(reader.close());
  return std::move(reader.segments());
}

Result<Segment> parse_block(std::string_view key, std::string row, uint32_t page) {
  Segment block{.level = 0, .number = page, .chunked = false, .row = {}, .fence = {}};
  if (!row.empty() && row[0] == static_cast<char>(BlockForm::kChunk)) {
    block.row = std::move(row);
    return block;
  }
  Decoder in(row);
  const auto form = static_cast<BlockForm>(in.u8());
  const uint32_t chunks = in.be32();
  block.chunked = true;
  if (form != BlockForm::kFence || !read_fence_places(in, block.fence) || block.fence.size() != chunks) {
    return damaged_row(key);
  }
  return block;
}

// The pages that no segment covers, all blocks; `covered` has one element a page.
Status load_blocks(const RowReader& rows, AgentOrd ord, const std::vector<bool>& covered, std::vector<Segment>& out,
                   IndexReads* reads) {
  const auto pages = static_cast<uint32_t>(covered.size());
  const auto first = static_cast<uint32_t>(std::find(covered.begin(), covered.end(), false) - covered.begin());
  if (first == pages) return {};
  uint32_t next = first;
  const auto skip = [&] {
    while (next < pages && covered[next]) ++next;
  };
  Status decoded;
  if (reads != nullptr) ++reads->point_reads;
  MNEMO_TRY(rows.scan(block_key(ord, first), block_key(ord, pages), [&](std::string_view key, std::string_view row) {
    if (reads != nullptr) ++reads->rows, reads->bytes += row.size();
    skip();
    if (key < block_key(ord, next)) return true;
    if (key != block_key(ord, next)) return false;
    auto block = parse_block(key, std::string(row), next++);
    if (block) {
      out.push_back(std::move(*block));
    } else {
      decoded = fail(std::move(block).error());
    }
    return decoded.has_value();
  }));
  MNEMO_TRY(std::move(decoded));
  skip();
  if (next < pages) return missing_row(block_key(ord, next));
  return {};
}

}  // namespace

std::string segment_key(keys::Row row, AgentOrd ord, uint32_t level, uint32_t segment) {
  std::string key = keys::of_agent(row, ord);
  key.push_back(static_cast<char>(level));
  put_be32(key, segment);
  return key;
}

std::string segment_part_key(keys::Row row, AgentOrd ord, uint32_t level, uint32_t segment, uint32_t part) {
  std::string key = segment_key(row, ord, level, segment);
  put_be32(key, part);
  return key;
}

std::string chunk_key(AgentOrd ord, const Segment& segment, size_t chunk) {
  if (!segment.chunked) return block_key(ord, segment.number);
  return segment_part_key(keys::Row::kChunk, ord, segment.level, segment.number, static_cast<uint32_t>(chunk));
}

Status load_segments(const RowReader& rows, AgentOrd ord, uint32_t pages, std::vector<Segment>& out,
                     IndexReads* reads) {
  out.clear();
  std::vector<bool> covered(pages);
  if (pages >= kMergeFanIn) {
    const std::string from = keys::of_agent(keys::Row::kFence, ord);
    MNEMO_ASSIGN(auto merged, scan_fences(rows, from, prefix_end(from), reads));
    // Highest level first.
    for (auto segment = merged.rbegin(); segment != merged.rend(); ++segment) {
      const uint64_t first = segment->first_page();
      if (first + segment->pages() > pages || covered[first]) continue;
      std::fill_n(covered.begin() + static_cast<ptrdiff_t>(first), segment->pages(), true);
      out.push_back(std::move(*segment));
    }
  }
  MNEMO_TRY(load_blocks(rows, ord, covered, out, reads));
  std::sort(out.begin(), out.end(), [](const Segment& a, const Segment& b) { return a.first_page() < b.first_page(); });
  return {};
}

Result<Segment> load_segment(const RowReader& rows, AgentOrd ord, uint32_t level, uint32_t number) {
  if (level == 0) {
    const std::string key = block_key(ord, number);
    std::string row;
    MNEMO_ASSIGN(const bool found, rows.get(key, row));
    if (!found) return missing_row(key);
    return parse_block(key, std::move(row), number);
  }
  FenceReader reader;
  std::string key = segment_key(keys::Row::kFence, ord, level, number);
  std::string row;
  for (uint32_t part = 0, parts = 1; part < parts; ++part) {
    if (part > 0) key = segment_part_key(keys::Row::kFence, ord, level, number, part);
    MNEMO_ASSIGN(const bool found, rows.get(key, row));
    if (!found) return missing_row(key);
    MNEMO_TRY(reader.visit(key, row));
    if (part == 0) parts = fence_rows(row);
  }
  MNEMO_TRY(reader.close());
  if (reader.segments().empty()) return damaged_row(key);
  return std::move(reader.segments().front());
}

Result<uint32_t> level_of_page(const RowReader& rows, AgentOrd ord, uint32_t page) {
  const std::string from = keys::of_agent(keys::Row::kFence, ord);
  uint32_t level = 0;
  Status decoded;
  MNEMO_TRY(rows.scan(from, prefix_end(from), [&](std::string_view key, std::string_view row) {
    FenceKey at;
    if (!parse_fence_key(key, at)) decoded = damaged_row(key);
    if (!at.part && !row.empty() && row[0] == '\1' && page >> (3 * at.level) == at.number) level = at.level;
    return decoded.has_value();
  }));
  MNEMO_TRY(std::move(decoded));
  return level;
}

Status load_chunk(const RowReader& rows, AgentOrd ord, const Segment& segment, size_t chunk, std::string& row,
                  ChunkView& view, IndexReads* reads) {
  if (!segment.chunked) {
    return view.parse(segment.row) ? Status{} : damaged_row(chunk_key(ord, segment, chunk));
  }
  const std::string key = chunk_key(ord, segment, chunk);
  MNEMO_ASSIGN(const bool found, rows.get(key, row));
  if (!found) return missing_row(key);
  if (reads != nullptr) ++reads->point_reads, ++reads->rows, reads->bytes += row.size();
  if (!view.parse(row)) return damaged_row(key);
  return {};
}

Status append_fence(RowWriter& rows, AgentOrd ord, uint32_t level, uint32_t segment, uint32_t chunk, Place place) {
  const uint32_t part = chunk / kFencePlacesPerRow;
  const std::string key = part == 0 ? segment_key(keys::Row::kFence, ord, level, segment)
                                    : segment_part_key(keys::Row::kFence, ord, level, segment, part);
  std::string row;
  Fence before;
  if (chunk % kFencePlacesPerRow != 0) {
    MNEMO_ASSIGN(const bool found, rows.get(key, row));
    if (!found) return missing_row(key);
    Decoder in(row);
    if (part == 0) in.raw(kFenceHeadBytes);
    if (!read_fence_places(in, before) || before.size() != chunk % kFencePlacesPerRow) return damaged_row(key);
  } else if (part == 0) {
    row = fence_head(false, 0);
  }
  put_fence_place(row, before.size() == 0 ? 0 : before[before.size() - 1], place);
  rows.put(key, row);
  return {};
}

Status publish_fence(RowWriter& rows, AgentOrd ord, uint32_t level, uint32_t segment, uint32_t chunks) {
  const std::string key = segment_key(keys::Row::kFence, ord, level, segment);
  std::string row;
  MNEMO_ASSIGN(const bool found, rows.get(key, row));
  if (found != (chunks > 0)) return damaged_row(key);
  if (found && row.size() < kFenceHeadBytes) return damaged_row(key);
  row.replace(0, found ? kFenceHeadBytes : 0, fence_head(true, chunks));
  rows.put(key, row);
  return {};
}

std::string encode_block_fence(const Fence& fence) {
  std::string row(1, static_cast<char>(BlockForm::kFence));
  put_be32(row, static_cast<uint32_t>(fence.size()));
  for (size_t i = 0; i < fence.size(); ++i) put_fence_place(row, i == 0 ? 0 : fence[i - 1], fence[i]);
  return row;
}

}  // namespace mnemo
