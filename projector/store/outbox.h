// File: projector/store/outbox.h
// Outbox rows: what a batch has to announce, written with the batch and removed once it is sent.
//
// An announcement's id is (epoch, partition, offset, n): the record that caused it, and which of the record's own it
// is. An id has one meaning for ever, however batches are cut when records are applied again, so receivers drop what
// they know. docs/decisions/0003.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/envelope.h"
#include "events/ids.h"
#include "events/result.h"

namespace mnemo {

// Answers about this agent and tier from positions up to this record may be stale. A batch tells one for each agent and
// tier: that of the last record that touched them.
struct Invalidation {
  uint64_t offset = 0;
  uint32_t n = 0;  // among the agents and tiers that the record touched, in order
  std::string name_space;
  std::string agent_id;
  uint8_t tier = 1;
  bool operator==(const Invalidation&) const = default;
};

// Whose answers may be others than before, to those in this process who keep answers.
struct Touched {
  enum class Extent : uint8_t {
    kAgents,     // those that are listed
    kPartition,  // all agents of the partition
    kOpening,    // the same; and until more is told, rows and published position may not belong together: keep nothing
  };
  Extent extent = Extent::kAgents;
  std::vector<Invalidation> agents;
};

// A record that was not applied. It touches nothing, so n is 0.
struct DeadLetter {
  uint64_t offset = 0;
  SkipReason reason = SkipReason::kUndecodable;
  std::string why;
  bool operator==(const DeadLetter&) const = default;
};

struct OutboxBatch {
  uint32_t epoch = 0;
  uint64_t next_offset = 0;  // everything before it has been applied
  std::vector<Invalidation> invalidations;
  std::vector<DeadLetter> dead_letters;  // those with kWrongPartition are appended again to their own partition
  bool empty() const { return invalidations.empty() && dead_letters.empty(); }
};

void encode_outbox(const OutboxBatch& batch, std::string& out);
Status decode_outbox(std::string_view row, OutboxBatch& out);

// Skip rows: the report of a record that was not applied.
void encode_skip(const DeadLetter& letter, std::string& out);
Status decode_skip(std::string_view key, std::string_view row, DeadLetter& out);

}  // namespace mnemo
