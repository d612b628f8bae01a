// File: projector/store/index_build.h
// From a full tail to its rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "events/result.h"
#include "projector/store/block.h"
#include "projector/store/index_page.h"
#include "projector/store/rows.h"
#include "projector/store/tail.h"

namespace mnemo {

// Postings as one number each: hash << 32 | document << 24 | count, so that their order is that of a block.
class PageBuilder {
 public:
  // Writes columns, filters and the block of a page whose 256 documents the tail holds, without the dead ones.
  Status write(RowWriter& rows, AgentOrd ord, uint32_t page, const TailView& tail, const PageBits& dead);

 private:
  void collect(const TailView& tail, const PageBits& dead);
  void sort();
  bool write_one_row(RowWriter& rows, AgentOrd ord, uint32_t page, const TailView& tail);
  void write_chunks(RowWriter& rows, AgentOrd ord, uint32_t page, const TailView& tail);
  size_t fill_chunk(size_t from, const TailView& tail, ChunkBuilder& chunk) const;

  // Kept between calls for their memory.
  std::vector<uint64_t> postings_;
  std::vector<uint64_t> scratch_;
  std::string row_;
};

}  // namespace mnemo
