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
  uint64_t turn = 0;  // in which it was pushed: IndexBacklog::turns
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

// First in, first out.
class IndexQueue {
 public:
  void reset(const IndexBacklog& backlog) { backlog_ = backlog; }
  const IndexBacklog& backlog() const { return backlog_; }

  void push(RowWriter& rows, IndexTask& task);  // notes its turn
  void begin_turn() { backlog_.turns += backlog_.empty() ? 0 : 1; }
  // False: the queue is empty.
  Result<bool> first(const RowReader& rows, IndexTask& task, TaskCursor& cursor);
  void save(RowWriter& rows, const TaskCursor& cursor);  // of the first
  void pop(RowWriter& rows);

 private:
  IndexBacklog backlog_;
};

}  // namespace mnemo
