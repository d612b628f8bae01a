// File: projector/store/pending.h
// Rows of the pending queue: work that one event began and later ones finish, a bounded piece each.
//
// The row of a work says what it is and how far it has come, and is written again by every event that does a piece of
// it. The filter of a forget may be large: it has a row of its own under the agent, which is written once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/envelope.h"
#include "events/ids.h"
#include "events/result.h"
#include "projector/store/rows.h"

namespace mnemo {

struct PendingWork {
  enum class Type : uint8_t {
    kPurge = 1,           // remove the records, links, vectors and access row of a memory that left a tombstone
    kForgetByFilter = 2,  // forget the documents from `doc` to before `end` that match the filter
  };
  Type type = Type::kPurge;
  AgentOrd ord;
  uint32_t doc = 0;    // the next document to look at
  uint32_t end = 0;    // kForgetByFilter
  uint64_t count = 0;  // kForgetByFilter: memories forgotten so far
  // kForgetByFilter: event time where it was asked for; what had expired by then is not its own.
  TimestampMs time_ms = 0;
  Bytes16 event_id{};         // kForgetByFilter: the event that asked for it
  std::string key;            // kPurge: of the memory. kForgetByFilter: of the row that is to tell the exact count
  bool records_done = false;  // kPurge: the chain of versions is gone, links and the rest are not
  std::string last_link;      // kPurge: the key of the link row that was removed last; the next is behind it
};

// A forget by filter that is at work.
struct PendingFilter {
  uint64_t number = 0;  // of its work in the queue
  PendingWork work;
  v1::Filter filter;
  size_t bytes = 0;  // of the filter, serialised
};

void encode_pending(const PendingWork& work, std::string& out);
Status decode_pending(std::string_view row, PendingWork& out);

// The forgets that are at work on this agent's documents, oldest first.
Result<std::vector<PendingFilter>> read_pending_filters(const RowReader& rows, AgentOrd ord);

}  // namespace mnemo
