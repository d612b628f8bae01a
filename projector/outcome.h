// File: projector/outcome.h
// What became of one record of the log: the answer to whoever appended it.
#pragma once

#include <cstdint>
#include <string>

#include "events/envelope.h"
#include "events/result.h"

namespace mnemo {

struct Outcome {
  enum class Kind : uint8_t {
    kApplied = 1,    // accepted, and done
    kRejected = 2,   // accepted, and refused for a reason that its key remembers: see `code` and `message`
    kDuplicate = 3,  // its key acted before: this is the first result again
    kConflict = 4,   // its key acted before with another request: ALREADY_EXISTS
    kSkipped = 5,    // not applied, as a function of the log: see `skip`
    kControl = 6,    // a control record
  };
  Kind kind = Kind::kControl;
  SkipReason skip = SkipReason::kUndecodable;  // kSkipped
  Code code = Code::kUnknown;                  // kRejected, kConflict, or the first result's when it was rejected
  bool refused = false;                        // true when `code` and `message` tell why
  bool forgotten = false;                      // the memory that the first result named is gone by now
  bool expired = false;                        // what was written had expired by event time: stored, hidden, removed
  bool unchecked = false;                      // a duplicate by its key alone: one of the two carried no fingerprint
  bool pending = false;                        // a forget by filter that goes on: hidden already, not all removed
  uint32_t version = 0;                        // of the memory
  uint64_t count = 0;      // memories forgotten, links made, embeddings stored: what the event changed
  Bytes16 record_id{};     // the record's own event id: who waits for this outcome knows it by that
  Bytes16 event_id{};      // of the event that acted: for a duplicate the first one's, but for control records
  std::string memory_key;  // of the memory concerned, or empty
  std::string record;      // kApplied: the row of the version that the event wrote, or empty
  std::string message;

  void clear() { *this = Outcome{}; }
};

}  // namespace mnemo
