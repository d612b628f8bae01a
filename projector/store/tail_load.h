// File: projector/store/tail_load.h
// Cold tails: their documents read from the record rows.
#pragma once

#include "events/result.h"
#include "projector/store/index.h"
#include "projector/store/tail.h"

namespace mnemo {

// Loads documents of the tail's page until it holds `docs`. Dead ones are left hollow; DATA_LOSS when the record of one
// that is not dead is a stub.
Status extend_tail(const RowReader& rows, const LoadDoc& load, AgentOrd ord, const PageBits& dead, uint32_t docs,
                   Tail& tail, IndexReads* reads = nullptr);

// Whether the view lacks what a document held that is not dead.
bool lacks_documents(const TailView& view, const PageBits& dead);

}  // namespace mnemo
