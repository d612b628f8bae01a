// File: projector/store/pending.h
// Rows of the pending queue: work that one event began and later ones finish, a bounded piece each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/envelope.h"
#include "events/ids.h"
#include "events/result.h"

namespace mnemo {

struct PendingWork {
  enum class Type : uint8_t {
    kPurge = 1,           // remove the records, links, vectors and access row of a memory that left a tombstone
    kForgetByFilter = 2,  // forget the documents from `doc` to before `end` that match `filter`
  };
  Type type = Type::kPurge;
  AgentOrd ord;
  uint32_t doc = 0;    // the document to do next
  uint32_t end = 0;    // kForgetByFilter
  uint64_t count = 0;  // kForgetByFilter: memories forgotten so far
  TimestampMs time_ms =
      0;               // kForgetByFilter: event time where it was asked for; what had expired by then is not its own
  Bytes16 event_id{};  // kForgetByFilter: the event that asked for it
  std::string memory_key;     // kPurge
  bool records_done = false;  // kPurge: the chain of versions is gone, links and the rest are not
  v1::Filter filter;          // kForgetByFilter
};

void encode_pending(const PendingWork& work, std::string& out);
Status decode_pending(std::string_view row, PendingWork& out);

}  // namespace mnemo
