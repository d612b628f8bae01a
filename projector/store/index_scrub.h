// File: projector/store/index_scrub.h
// Takes what a masked document left in index rows out of them, a row a step.
#pragma once

#include "events/result.h"
#include "projector/store/index_queue.h"
#include "projector/store/rows.h"

namespace mnemo {

// One step of the task from the cursor on; moves the cursor. True: the task is done.
//
// A row that is rewritten loses every masked document of the page, not only the task's: when many documents of a page
// go at once, each row is written once and the later tasks find nothing left to do. A step reads at most kScrubReads
// chunks that need no change.
inline constexpr uint32_t kScrubReads = 8;
Result<bool> scrub_step(RowWriter& rows, const IndexTask& task, TaskCursor& cursor);

}  // namespace mnemo
