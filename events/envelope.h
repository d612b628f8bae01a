// File: events/envelope.h
// One decoded record of the log: which kind it is, whom it concerns, and whether it is valid.
//
// Decoding and validation are pure functions of the bytes and the rules in force, so every replay decides alike. What
// schema version 1 makes valid stays valid, and what it refuses stays refused, in every later build.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/ids.h"
#include "events/log.h"
#include "events/result.h"
#include "events/rules.h"
#include "mnemo/v1/event.pb.h"

namespace mnemo {

using v1::EventKind;

inline constexpr uint32_t kSchemaVersion = 1;  // the newest that this build reads and the one it writes
inline constexpr char kKeySeparator = '\x1f';
inline constexpr std::string_view kControlKey = "\x1f";  // message key of every control record

// The numbers that Envelope.event keeps for kinds, those of later builds included.
inline constexpr int kKindNumberMin = 32;
inline constexpr int kKindNumberMax = 127;

// Limits that belong to schema version 1 itself; the others stand on the log (v1::Limits). docs/limits.md lists these,
// those that log and envelope share (events/limits.h), the depth of JSON (events/json_syntax.h), and that of messages.
inline constexpr size_t kIdentifierBytesMax = 64;  // kinds of memories, types of links
inline constexpr size_t kTraceBytesMax = 256;      // actor, correlation_id, causation_id, traceparent, each
inline constexpr size_t kReasonBytesMax = 1024;    // reason of a skip, reason and results of an operation, each
inline constexpr uint32_t kOperationStepsMax = 1'000'000;
inline constexpr size_t kOperationRequestBytesMax = 4096;
inline constexpr size_t kFilterDepthMax = 32;  // filters within filters; a valid one is never too deep for decode()
inline constexpr TimestampMs kTimeMinMs = -62'135'596'800'000;  // 0001-01-01T00:00:00.000Z
inline constexpr TimestampMs kTimeMaxMs = 253'402'300'799'999;  // 9999-12-31T23:59:59.999Z

// Parses the value of a record; false for what is no Envelope (SkipReason::kUndecodable): not protobuf, a string that
// is not UTF-8, messages nested deeper than 100, events of two kinds, or more than limits::kEventBytesMax bytes.
bool decode(std::string_view value, v1::Envelope& envelope);

// The kind of the envelope's event, by its number alone when only a later build knows it; EVENT_KIND_UNSPECIFIED when
// there is no event.
EventKind kind_of(const v1::Envelope& envelope);
std::string_view kind_name(EventKind kind);  // "Remembered"; "Unspecified"; "Unknown" for numbers of later builds
bool is_control(EventKind kind);             // numbers from 64 on

// The envelope is of a schema version that only a newer build knows: the partition halts and says "upgrade", whatever
// else is wrong with it. To be asked before anything else. (A kind of a later build: Rules::active, kind_supported.)
bool needs_newer_build(const v1::Envelope& envelope);

// The partition that a control event names; nullopt for an agent event or none.
std::optional<PartitionId> control_partition(const v1::Envelope& envelope);

// Every partition begins with this many records, EpochStarted and RulesActivated, which no decision can skip.
inline constexpr uint64_t kGenesisRecords = 2;

// Whether a valid SkipRecorded that stands at `own` decides about the record it names, of the same partition: one of
// the same epoch, behind the first records, and before itself. apply() and whoever looks ahead for skips ask the same.
bool skip_decides(const v1::SkipRecorded& event, const Position& own);

// Message key of an agent's records, and its parts again (nullopt when it is no such key). The views point into `key`.
std::string message_key(std::string_view name_space, std::string_view agent_id);
// Whether `key` is the message key of this agent.
bool is_message_key(std::string_view key, std::string_view name_space, std::string_view agent_id);
struct Scope {
  std::string_view name_space;
  std::string_view agent_id;
};
std::optional<Scope> parse_message_key(std::string_view key);

// Partition of a message key: Kafka's Java client's default, toPositive(murmur2(key)) % partitions.
uint32_t murmur2(std::string_view bytes);
PartitionId partition_of(std::string_view key, uint32_t partitions);

// The operation that the envelope journals, as bytes of its own; nullopt for every other event.
std::optional<std::string_view> operation_of(const v1::Envelope& envelope);
// Makes the envelope of an operation, of rules, a policy, an epoch or a tick name this partition; no other may be
// given.
void set_control_partition(v1::Envelope& envelope, PartitionId partition);
// The only partition on which events of this operation may stand.
PartitionId operation_home(std::string_view operation_id, uint32_t partitions);

// Where the envelope belongs: a control event on the partition that it names, an agent event on its agent's.
// INVALID_ARGUMENT when it names one that a log of so many partitions does not have.
Result<PartitionId> partition_for(const v1::Envelope& envelope, uint32_t partitions);

// The record to append for an envelope that is valid and whose partition exists, as partition_for() says.
NewRecord make_record(const v1::Envelope& envelope, uint32_t partitions);

// The 16-byte id in the binary form, or nullopt when the field is not 16 bytes.
std::optional<Bytes16> bytes16(std::string_view bytes);

// Why a record is not applied. The names are part of the dead-letter format.
enum class SkipReason : uint8_t {
  kUndecodable = 1,     // not an Envelope
  kInvalid = 2,         // an Envelope that breaks a rule of its schema version
  kKindNotActive = 3,   // a kind that no RulesActivated before it has activated
  kKeyMismatch = 4,     // the message key contradicts the envelope
  kWrongPartition = 5,  // belongs to another partition, where it is appended again
  kOperator = 6,        // SkipRecorded names it
  kOldEpoch = 7,        // names an epoch or log other than the one in force
};
std::string_view skip_reason_name(SkipReason reason);

// INVALID_ARGUMENT with the field and the limit it breaks, when the event is not valid under the rules: everything
// that does not depend on state. events/README.md lists what is checked. Whether the kind is active is not asked here
// (Rules::active); an envelope of no known kind is not valid. Constant in time and memory for each byte of the event.
Status validate(const v1::Envelope& envelope, const Rules& rules);

// INVALID_ARGUMENT, naming what is wrong: a namespace or agent id that is empty, too long, not UTF-8, or holds 0x1f or
// another control character.
Status validate_scope(std::string_view name_space, std::string_view agent_id);

// INVALID_ARGUMENT naming what is wrong: an empty group, an operator or value that its field does not take, too many
// nodes or values.
Status validate_filter(const v1::Filter& filter, const Rules& rules);

bool is_utf8(std::string_view bytes);  // well-formed by Unicode's table: no surrogates, no overlong forms

}  // namespace mnemo
