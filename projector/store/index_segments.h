// File: projector/store/index_segments.h
// Segments: the block and merged rows that hold an agent's text postings, and which of them are in force.
//
// Segment n of level k covers pages n * 8^k and on. Level 0 are blocks. A merged segment is in force once its fence row
// says so; rows of the level below may still be there and are then passed over.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/result.h"
#include "projector/store/block.h"
#include "projector/store/index_page.h"
#include "projector/store/keys.h"

namespace mnemo {

inline constexpr uint32_t kMergeLevelsMax = 7;       // 8^7 pages, 2^29 documents
inline constexpr uint32_t kFencePlacesPerRow = 512;  // a fence goes on in further rows

struct Segment {
  uint32_t level = 0;
  uint32_t number = 0;
  bool chunked = false;
  std::string row;  // not chunked: the block row, one chunk
  Fence fence;      // chunked

  uint32_t pages() const { return 1U << (3 * level); }
  uint32_t docs() const { return kPageDocs << (3 * level); }
  uint32_t first_page() const { return number << (3 * level); }
  uint32_t first_doc() const { return first_page() * kPageDocs; }
  size_t chunks() const { return chunked ? fence.size() : 1; }
  // The chunk that may hold the place; Fence::kNone: none does.
  size_t find(Place place) const { return chunked ? fence.find(place) : 0; }
  // Its first place, or 0.
  Place first_of(size_t chunk) const { return chunked ? fence[chunk] : 0; }
};

inline std::string block_key(AgentOrd ord, uint32_t page) { return keys::of_number(keys::Row::kBlock, ord, page); }
// Of the fence row, of its first chunk, and, one segment on, the end of both kinds of row.
std::string segment_key(keys::Row row, AgentOrd ord, uint32_t level, uint32_t segment);
// Of a chunk row, or of the fence's further row.
std::string segment_part_key(keys::Row row, AgentOrd ord, uint32_t level, uint32_t segment, uint32_t part);
// The row that a chunk of the segment lies in.
std::string chunk_key(AgentOrd ord, const Segment& segment, size_t chunk);

// Segments in force that together cover the first `pages` pages, in order. DATA_LOSS when a page is not covered.
Status load_segments(const RowReader& rows, AgentOrd ord, uint32_t pages, std::vector<Segment>& out,
                     IndexReads* reads = nullptr);
// The one of a level, in force or a block.
Result<Segment> load_segment(const RowReader& rows, AgentOrd ord, uint32_t level, uint32_t number);
// The level of the segment in force that covers the page.
Result<uint32_t> level_of_page(const RowReader& rows, AgentOrd ord, uint32_t page);

// Parses a chunk of the segment. The view lies in the segment itself where that is one row, else in `row`.
Status load_chunk(const RowReader& rows, AgentOrd ord, const Segment& segment, size_t chunk, std::string& row,
                  ChunkView& view, IndexReads* reads = nullptr);

// Fences as they are written. A segment's places are put one after the other as its chunks are; it comes in force, with
// all of them, by publish_fence().
Status append_fence(RowWriter& rows, AgentOrd ord, uint32_t level, uint32_t segment, uint32_t chunk, Place place);
Status publish_fence(RowWriter& rows, AgentOrd ord, uint32_t level, uint32_t segment, uint32_t chunks);
// The block row of a block that is chunked from the start.
std::string encode_block_fence(const Fence& fence);

}  // namespace mnemo
