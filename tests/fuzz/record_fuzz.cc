// Records of the log and rows of a projection made of any bytes: taken or refused, never a fault; what is taken says
// the same when it is written again.
//
// The first byte chooses what the others are.
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/envelope.h"
#include "events/fingerprint.h"
#include "events/log_rows.h"
#include "events/rules.h"
#include "projector/store/agent_rows.h"
#include "projector/store/meta.h"
#include "projector/store/outbox.h"
#include "projector/store/pending.h"
#include "projector/store/record.h"

namespace mnemo {
namespace {

constexpr uint32_t kPartitions = 8;

const Rules& rules_in_force() {
  static const Rules rules = next_rules({}, default_rules(0)).value();
  return rules;
}

void check_refusal(const Error& error, Code code) { MNEMO_CHECK(error.code == code && is_utf8(error.message)); }

void try_rules(const v1::RulesActivated& event) {
  const Result<Rules> rules = next_rules(rules_in_force(), event);
  if (!rules) return check_refusal(rules.error(), Code::kInvalidArgument);
  MNEMO_CHECK(rules->version > rules_in_force().version && rules->work_units_per_event > 0);
}

// What a valid event of this build is appended as is what was read.
void check_appended(const v1::Envelope& envelope) {
  const Result<PartitionId> partition = partition_for(envelope, kPartitions);
  if (!partition) return check_refusal(partition.error(), Code::kInvalidArgument);
  const NewRecord record = make_record(envelope, kPartitions);
  MNEMO_CHECK(record.partition == *partition && record.partition.value < kPartitions);
  v1::Envelope again;
  MNEMO_CHECK(decode(record.value, again));
  MNEMO_CHECK(canonical_encoding(again) == canonical_encoding(envelope));
  if (is_control(kind_of(envelope))) return;
  const std::optional<Scope> scope = parse_message_key(record.key);
  MNEMO_CHECK(scope && scope->name_space == envelope.namespace_() && scope->agent_id == envelope.agent_id());
  MNEMO_CHECK(is_message_key(record.key, envelope.namespace_(), envelope.agent_id()));
}

void try_envelope(std::string_view value) {
  v1::Envelope envelope;
  if (!decode(value, envelope)) return;
  MNEMO_CHECK(!kind_name(kind_of(envelope)).empty());
  if (needs_newer_build(envelope)) return;
  if (envelope.has_rules_activated()) try_rules(envelope.rules_activated());
  if (envelope.has_skip_recorded()) {
    static_cast<void>(skip_decides(envelope.skip_recorded(), {PartitionId(1), 1, 1000}));
  }
  const Status valid = validate(envelope, rules_in_force());
  if (!valid) return check_refusal(valid.error(), Code::kInvalidArgument);
  check_appended(envelope);
}

void try_log_row(std::string_view bytes) {
  const RowKey at = row_key(PartitionId(3), 77);
  const std::optional<Row> row = decode_row(view(at), bytes);
  if (row) {
    std::string again;
    encode_row(at, *row, again);
    MNEMO_CHECK(again == bytes);
  }
  // One that was made for this place is taken, and none that differs in a byte.
  std::string made;
  encode_row(at, {.appended_at_ms = 5, .key = bytes.substr(0, bytes.size() / 2), .value = bytes}, made);
  MNEMO_CHECK(decode_row(view(at), made)->value == bytes);
  MNEMO_CHECK(!decode_row(view(row_key(PartitionId(3), 78)), made));
  made[bytes.size() % made.size()] ^= static_cast<char>(1 << (bytes.size() % 8));
  MNEMO_CHECK(!decode_row(view(at), made));
  static_cast<void>(decode_identity(bytes));
  static_cast<void>(parse_row_key(bytes));
}

// `encode` of what `decode` took, decoded once more and encoded, is the same.
template <typename Value, typename Decode, typename Encode>
void try_row(std::string_view bytes, const Decode& decode_one, const Encode& encode_one) {
  Value value;
  if (const Status taken = decode_one(bytes, value); !taken) return check_refusal(taken.error(), Code::kDataLoss);
  std::string first;
  encode_one(value, first);
  Value again;
  MNEMO_CHECK(decode_one(first, again).has_value());
  std::string second;
  encode_one(again, second);
  MNEMO_CHECK(first == second);
}

void try_bytes(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto choice = static_cast<uint8_t>(bytes.front());
  bytes.remove_prefix(1);
  switch (choice % 10) {
    case 0: return try_log_row(bytes);
    case 1: return try_row<Record>(bytes, decode_record, encode_record);
    case 2: return try_row<OutboxBatch>(bytes, decode_outbox, encode_outbox);
    case 3: return try_row<PendingWork>(bytes, decode_pending, encode_pending);
    case 4: return try_row<Meta>(bytes, decode_meta, encode_meta);
    case 5: return try_row<std::vector<DigestPoint>>(bytes, decode_points, encode_points);
    case 6: return try_row<MemoryRowValue>(bytes, decode_memory_row, encode_memory_row);
    default: return try_envelope(bytes);
  }
}

}  // namespace
}  // namespace mnemo

// protobuf would write a line for every string that is not UTF-8.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mnemo::try_bytes(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
