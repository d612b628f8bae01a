// File: projector/store/index_backlog.h
// How much index work waits: what the meta row keeps of the queue of work rows, so that asking costs nothing.
#pragma once

#include <cstdint>

namespace mnemo {

// Numbers begin at 0 again once the queue is empty: they are a function of what was pushed and done, not of restarts.
struct IndexBacklog {
  uint64_t first = 0;  // work rows [first, next) wait
  uint64_t next = 0;
  uint64_t turns = 0;  // taken since the queue was last empty

  bool empty() const { return first == next; }
  bool operator==(const IndexBacklog&) const = default;
};

}  // namespace mnemo
