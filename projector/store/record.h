// File: projector/store/record.h
// The record row: one version of one memory, complete enough to answer every read and to rebuild the index.
// docs/formats.md gives its bytes. Views point into the row they were decoded from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/ids.h"
#include "events/result.h"
#include "projector/store/indexed_doc.h"

namespace mnemo {

// A metadata value: text, an IEEE 754 double by its bits, or a flag.
struct MetadataView {
  enum class Type : uint8_t { kText = 1, kNumber = 2, kFlag = 3 };
  std::string_view key;
  Type type = Type::kText;
  std::string_view text;
  uint64_t number_bits = 0;
  bool flag = false;
  bool operator==(const MetadataView&) const = default;
};

struct Record {
  bool stub = false;  // forgotten or expired and purged: nothing below is set
  uint32_t version = 1;
  uint32_t previous_doc = 0;  // document of the version before, when version > 1
  uint64_t seq = 0;
  Bytes16 event_id{};              // of this version
  Bytes16 created_event_id{};      // of the first version
  std::string_view fingerprint;    // of the first version's event: 16 bytes, or empty
  TimestampMs created_at_ms = 0;   // recorded_at of the first version
  TimestampMs recorded_at_ms = 0;  // of this version
  TimestampMs observed_at_ms = 0;
  TimestampMs expires_at_ms = 0;  // 0: never
  bool observed_at_given = false;
  bool expires_at_given = false;
  bool pinned = false;
  int32_t importance = -1;      // thousandths; -1: not given
  uint8_t memory_class = 1;     // v1::MemoryClass
  uint8_t tier = 1;             // v1::Tier
  std::string_view memory_key;  // memory_id.h
  std::string_view session_id;
  std::string_view speaker;
  std::string_view kind;  // "event" when none was given
  std::string_view source;
  std::string_view text;
  std::string_view content;
  std::vector<std::string_view> tags;  // as given
  std::vector<MetadataView> metadata;  // sorted by key
};

void encode_record(const Record& record, std::string& out);
// DATA_LOSS when the bytes are not a record.
Status decode_record(std::string_view row, Record& out);

// The part of a record that clients determined, for the `content` digest: no times or ids that a server made.
void encode_record_content(const Record& record, std::string& out);

// Names as filters and JSON use them: "episodic", "short".
std::string_view class_name(uint8_t memory_class);
std::string_view tier_name(uint8_t tier);

// Bytes of a metadata filter term: key 0x00 type value, where a number is its 8 order-preserving bytes.
void put_metadata_term(const MetadataView& entry, std::string& out);

}  // namespace mnemo
