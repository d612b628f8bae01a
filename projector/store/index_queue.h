// File: projector/store/index_queue.h
// Index work rows: merges and scrubs that wait their turn. Each is a row that says what is to be done and, once begun,
// a second row that says how far it has come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/ids.h"
#include "events/result.h"
#include "projector/store/index.h"
#include "projector/store/rows.h"

namespace mnemo {

struct IndexTask {
  enum class Kind : uint8_t { kMerge = 1, kScrub = 2 };
  Kind kind = Kind::kMerge;
  AgentOrd ord;
  // kMerge: the segment to be made.
  uint32_t level = 0;
  uint32_t segment = 0;
  // kScrub: the document, and the hashes of its terms, ascending.
  uint32_t doc = 0;
  std::vector<uint32_t> terms;

  std::string encode() const;
  bool decode(std::string_view row);
};

// How far a task has come; what the numbers mean is the task's own matter.
struct TaskCursor {
  uint32_t phase = 0;
  uint32_t a = 0;
  uint32_t b = 0;
  uint32_t c = 0;

  std::string encode() const;
  bool decode(std::string_view row);
};

// First in, first out. Keeps the numbers of the first and the next row in memory, so that asking an empty queue is
// free. Numbers begin at 0 again once it is empty: they are a function of what was pushed and done, not of restarts.
class IndexQueue {
 public:
  // Forgets the numbers: they are read from the rows again.
  void reset() { loaded_ = false; }

  Status push(RowWriter& rows, const IndexTask& task);
  // False: the queue is empty.
  Result<bool> first(const RowReader& rows, IndexTask& task, TaskCursor& cursor);
  void save(RowWriter& rows, const TaskCursor& cursor);  // of the first
  void pop(RowWriter& rows);

 private:
  Status load(const RowReader& rows);

  bool loaded_ = false;
  uint64_t first_ = 0;
  uint64_t next_ = 0;
};

}  // namespace mnemo
