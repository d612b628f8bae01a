// File: events/genesis.h
// The first records of every partition: which log and epoch this is, and the rules in force from the start.
#pragma once

#include <string_view>
#include <vector>

#include "events/clock.h"
#include "events/ids.h"
#include "events/log.h"
#include "events/result.h"
#include "events/uuid.h"

namespace mnemo {

// EpochStarted and RulesActivated{default_rules} for each partition, in order. Only who creates a log appends them,
// all at once, before anything else.
std::vector<NewRecord> genesis_records(const LogIdentity& identity, const Bytes16& fingerprint_check,
                                       const Clock& clock, UuidGenerator& ids);

// Appends the genesis of each partition that has no record yet, and tells whether there was one: who made a log that
// grows partition by partition goes on where another left off. Errors of the log.
Result<bool> begin_log(Log& log, const Bytes16& fingerprint_check, const Clock& clock, UuidGenerator& ids);

// check_genesis() of what the partition begins with, read from the log; one that is empty fits. UNAVAILABLE
// (retryable): the log did not give the record in time.
Status check_first_record(Log& log, PartitionId partition, const Bytes16& fingerprint_check);

// Whether the record at the start of a partition's epoch is this log's: DATA_LOSS when it is no EpochStarted,
// FAILED_PRECONDITION, naming the difference, when it is another log's, epoch's or partition's, or of another
// fingerprint secret (`fingerprint_check` as FingerprintKey::check_value() gives it).
Status check_genesis(std::string_view value, PartitionId partition, const LogIdentity& identity,
                     const Bytes16& fingerprint_check);

}  // namespace mnemo
