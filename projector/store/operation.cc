#include "projector/store/operation.h"

#include <algorithm>
#include <cstring>

#include "events/coding.h"
#include "projector/store/keys.h"

namespace mnemo {
namespace {

using keys::Row;

constexpr char kFormat = 1;
constexpr uint64_t kSignBit = uint64_t{1} << 63;

std::string_view view_of(const Bytes16& id) { return {reinterpret_cast<const char*>(id.data()), id.size()}; }

tl::unexpected<Error> damaged(const std::string& key) {
  return fail(Code::kDataLoss, "the operation row " + to_hex(key) + " is damaged: rebuild the projection from the log");
}

// What a place row names is there, or the rows are damaged.
Result<Operation> operation_at(const RowReader& rows, std::string_view place_key) {
  Bytes16 id{};
  const size_t at = place_key.size() - id.size();
  std::memcpy(id.data(), place_key.data() + at, id.size());
  MNEMO_ASSIGN(std::optional<Operation> found, find_operation(rows, id));
  if (!found) return damaged(operation_key(id));
  return *std::move(found);
}

// The keys first: nothing else is read while a scan is under way.
Result<std::vector<std::string>> place_keys(const RowReader& rows, std::string_view from, size_t limit) {
  std::vector<std::string> found;
  if (limit == 0) return found;
  const size_t size = operation_place_key({}).size();
  std::optional<std::string> bad;
  MNEMO_TRY(rows.scan(from, prefix_end(keys::start(Row::kOperationPlace)), [&](std::string_view key, std::string_view) {
    if (key.size() != size) bad = key;
    found.emplace_back(key);
    return !bad && found.size() < limit;
  }));
  if (bad) return damaged(*bad);
  return found;
}

}  // namespace

std::string_view operation_state_name(Operation::State state) {
  switch (state) {
    case Operation::State::kRunning: return "running";
    case Operation::State::kDone: return "done";
    case Operation::State::kFailed: return "failed";
    case Operation::State::kCancelled: return "cancelled";
  }
  return "unknown";
}

std::string operation_key(const Bytes16& id) { return keys::start(Row::kOperation).append(view_of(id)); }

std::string operation_place_key(const OperationPlace& place) {
  std::string key = keys::start(Row::kOperationPlace);
  put_be64(key, ~(static_cast<uint64_t>(place.started_at_ms) ^ kSignBit));  // the newest first
  return key.append(view_of(place.id));
}

std::string operation_end_key(uint64_t number) { return keys::of_sequence(Row::kOperationEnd, number); }

void encode_operation(const Operation& operation, std::string& out) {
  out.push_back(kFormat);
  out.push_back(static_cast<char>(operation.state));
  put_bytes(out, operation.kind);
  put_bytes(out, operation.name_space);
  put_varint(out, zigzag(operation.started_at_ms));
  put_varint(out, zigzag(operation.finished_at_ms));
  put_varint(out, operation.steps);
  put_varint(out, operation.done);
  put_bytes(out, operation.result);
  put_bytes(out, operation.reason);
  put_bytes(out, operation.fingerprint);
  put_bytes(out, operation.request);
  put_varint(out, operation.end_number);
}

Status decode_operation(std::string_view row, Operation& out) {
  Decoder in(row);
  const bool format = in.u8() == kFormat;
  const uint8_t state = in.u8();
  out.state = static_cast<Operation::State>(state);
  out.kind = in.bytes();
  out.name_space = in.bytes();
  out.started_at_ms = in.zigzag64();
  out.finished_at_ms = in.zigzag64();
  out.steps = static_cast<uint32_t>(in.varint());
  out.done = static_cast<uint32_t>(in.varint());
  out.result = in.bytes();
  out.reason = in.bytes();
  out.fingerprint = in.bytes();
  out.request = in.bytes();
  out.end_number = in.varint();
  const bool known = state <= static_cast<uint8_t>(Operation::State::kCancelled);
  if (format && known && in.done()) return {};
  return fail(Code::kDataLoss, "an operation row is damaged: rebuild the projection from the log");
}

Result<std::optional<Operation>> find_operation(const RowReader& rows, const Bytes16& id) {
  std::string row;
  MNEMO_ASSIGN(const bool found, rows.get(operation_key(id), row));
  if (!found) return std::optional<Operation>();
  Operation operation;
  operation.id = id;
  MNEMO_TRY(decode_operation(row, operation));
  return std::optional(std::move(operation));
}

Result<std::vector<Operation>> list_operations(const RowReader& rows, size_t limit,
                                               const std::optional<OperationPlace>& after,
                                               const WantedOperation& wanted) {
  const std::string from =
      after ? operation_place_key(*after).append(1, '\0') : keys::start(keys::Row::kOperationPlace);
  MNEMO_ASSIGN(const std::vector<std::string> places, place_keys(rows, from, wanted ? SIZE_MAX : limit));
  std::vector<Operation> found;
  for (const std::string& place : places) {
    if (found.size() == limit) break;
    MNEMO_ASSIGN(Operation operation, operation_at(rows, place));
    if (!wanted || wanted(operation)) found.push_back(std::move(operation));
  }
  return found;
}

Result<std::vector<Operation>> running_operations(const RowReader& rows) {
  MNEMO_ASSIGN(std::vector<Operation> found, list_operations(rows, SIZE_MAX));
  std::erase_if(found, [](const Operation& operation) { return !operation.running(); });
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace mnemo
