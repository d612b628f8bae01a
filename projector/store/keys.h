// File: projector/store/keys.h
// The row keys of a partition's one column family. docs/formats.md says what each row holds.
//
// The first byte is the kind of row; numbers are big-endian, so that byte order is number order. `ord` is the agent's
// number in this partition, `doc` the document's number within its agent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/coding.h"
#include "events/ids.h"

namespace mnemo::keys {

enum class Row : char {
  // Logical rows: covered by the `state` digest.
  kAgent = 'A',           // A namespace 0x1f agent -> ord
  kAgentName = 'a',       // a ord -> namespace 0x1f agent
  kRecord = 'R',          // R ord doc -> record, or the stub of a forgotten one
  kMemory = 'I',          // I ord id -> current document and flags, or a tombstone
  kKey = 'K',             // K ord key16 -> outcome of an idempotency key
  kKeyWindow = 'W',       // W ord number8 -> the K row's whole key: which key leaves the window next
  kExpiry = 'E',          // E expires_at8 ord doc -> nothing
  kLink = 'L',            // L ord from type to -> nothing
  kBacklink = 'l',        // l ord to type from -> nothing
  kVector = 'V',          // V ord doc model -> quantised vector
  kAccess = 'H',          // H ord id -> access count and time
  kPolicy = 'N',          // N namespace -> policy
  kOperation = 'J',       // J id16 -> operation
  kOperationPlace = 'j',  // j started_at8 id16 -> nothing: the newest first
  kOperationEnd = 'z',    // z number8 -> id16: in the order in which they finished
  // State outside the digests.
  kMeta = '!',     // !meta, !points, !rules, !version
  kPending = 'P',  // P number8 -> pending work
  kForget = 'f',   // f ord number8 -> the filter of the pending forget P number8
  kSkip = 'S',     // S offset8 -> report of a skipped record
  kOutbox = 'O',   // O number8 -> what is to be announced
  // Derived rows: the index.
  kColumns = 'D',    // D ord page4 -> columns and filter postings of 256 documents
  kMask = 'X',       // X ord page4 -> bits of documents that answers must not hold
  kBlock = 'B',      // B ord block4 -> text postings of 256 documents
  kFence = 'F',      // F ord level1 segment4 -> first terms of a merged segment's chunks
  kChunk = 'C',      // C ord level1 segment4 chunk4 -> text postings of a range of terms
  kIndexWork = 'Q',  // Q number8 -> index maintenance to be done
};

inline std::string start(Row row) { return std::string(1, static_cast<char>(row)); }
inline std::string of_agent(Row row, AgentOrd ord) {
  std::string key = start(row);
  put_be32(key, ord.value);
  return key;
}
// Record, columns, mask and block rows, and any other keyed (ord, number).
inline std::string of_number(Row row, AgentOrd ord, uint32_t number) {
  std::string key = of_agent(row, ord);
  put_be32(key, number);
  return key;
}
// Pending, skip, outbox and index work rows.
inline std::string of_sequence(Row row, uint64_t number) {
  std::string key = start(row);
  put_be64(key, number);
  return key;
}

// Pending forgets, and the key window.
inline std::string of_agent_sequence(Row row, AgentOrd ord, uint64_t number) {
  std::string key = of_agent(row, ord);
  put_be64(key, number);
  return key;
}

// Expiry rows sort by time, times before 1970 included.
inline std::string of_expiry(TimestampMs at_ms, AgentOrd ord, uint32_t doc) {
  std::string key = start(Row::kExpiry);
  put_be64(key, static_cast<uint64_t>(at_ms) ^ (uint64_t{1} << 63));
  put_be32(key, ord.value);
  put_be32(key, doc);
  return key;
}
inline TimestampMs expiry_time(std::string_view key) {
  return static_cast<TimestampMs>(get_be64(key.data() + 1) ^ (uint64_t{1} << 63));
}

}  // namespace mnemo::keys
