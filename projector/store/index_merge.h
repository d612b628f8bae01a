// File: projector/store/index_merge.h
// Eight segments of one level into one of the next, a chunk a step.
#pragma once

#include "events/result.h"
#include "projector/store/index_queue.h"
#include "projector/store/rows.h"

namespace mnemo {

// One step of the task from the cursor on; moves the cursor. True: the task is done.
//
// Steps copy until the inputs are used up, then bring the new fence in force, then delete the inputs: readers use them
// up to the moment when the fence is in force, and never after.
Result<bool> merge_step(RowWriter& rows, const IndexTask& task, TaskCursor& cursor);

}  // namespace mnemo
