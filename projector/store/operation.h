// File: projector/store/operation.h
// The journal of operations of several steps, as rows: what a partition knows of those whose home it is, running or
// finished. docs/formats.md has the bytes.
//
// Readers work on any rows, views among them, and write nothing.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/ids.h"
#include "events/result.h"
#include "projector/store/rows.h"

namespace mnemo {

// How many finished operations of a partition stay: the newest. Part of what the events mean (docs/decisions/0015).
inline constexpr uint64_t kOperationsKept = 1000;

struct Operation {
  // Numbers equal those of v1::OperationOutcome; running has none yet.
  enum class State : uint8_t { kRunning = 0, kDone = 1, kFailed = 2, kCancelled = 3 };
  Bytes16 id{};  // from the row's key
  State state = State::kRunning;
  std::string kind;
  std::string name_space;  // empty: it concerns all
  TimestampMs started_at_ms = 0;
  TimestampMs finished_at_ms = 0;  // 0 while running
  uint32_t steps = 0;              // 0: nobody knows
  uint32_t done = 0;               // steps 1 to `done` are
  std::string result;              // of the last step done
  std::string reason;              // of its end
  std::string fingerprint;         // 16 bytes, or empty
  std::string request;             // empty once it is finished
  uint64_t end_number = 0;         // of those finished, in order; 0 while running

  bool running() const { return state == State::kRunning; }
};
std::string_view operation_state_name(Operation::State state);  // "running", "done", "failed", "cancelled"

// Where an operation stands among others, across partitions too: the one that started last first, then by id.
struct OperationPlace {
  TimestampMs started_at_ms = 0;
  Bytes16 id{};
  std::strong_ordering operator<=>(const OperationPlace& other) const {
    if (started_at_ms != other.started_at_ms) return other.started_at_ms <=> started_at_ms;
    return id <=> other.id;
  }
  bool operator==(const OperationPlace&) const = default;
};
inline OperationPlace place_of(const Operation& operation) { return {operation.started_at_ms, operation.id}; }

std::string operation_key(const Bytes16& id);
std::string operation_place_key(const OperationPlace& place);
std::string operation_end_key(uint64_t number);
void encode_operation(const Operation& operation, std::string& out);
// Fills all but the id.
Status decode_operation(std::string_view row, Operation& out);

// DATA_LOSS: rows are damaged.
Result<std::optional<Operation>> find_operation(const RowReader& rows, const Bytes16& id);
// Which of them are meant; empty: all.
using WantedOperation = std::function<bool(const Operation&)>;
// At most `limit`, in order of place, from behind `after` on.
Result<std::vector<Operation>> list_operations(const RowReader& rows, size_t limit,
                                               const std::optional<OperationPlace>& after = std::nullopt,
                                               const WantedOperation& wanted = {});
// The oldest first.
Result<std::vector<Operation>> running_operations(const RowReader& rows);

}  // namespace mnemo
