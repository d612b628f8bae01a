// File: consumers/handshake.h
// Before a projection follows a log: is this the log it was made from?
#pragma once

#include "events/log.h"
#include "projector/store/meta.h"

namespace mnemo {

// Compares the projection's meta row with the log: identity, epoch, ends, and the last applied record read again. A new
// projection (epoch 0) fits every log. Otherwise FAILED_PRECONDITION (another log, another epoch, other secret) or
// DATA_LOSS (the log ends before the projection does, or holds another record at that place); the message names both
// sides and the ways out. `fingerprint_check`: of the secret that this process holds.
Status check_continues(Log& log, PartitionId partition, const Meta& meta, const Bytes16& fingerprint_check);

}  // namespace mnemo
