// File: projector/store/record_index.h
// From a record to what the index keeps of it.
#pragma once

#include <memory>
#include <string>

#include "events/text/analyzer.h"
#include "projector/store/index.h"
#include "projector/store/record.h"

namespace mnemo {

// Fills `out` from `record`: its text analysed, its filter terms collected. `holder` keeps the metadata terms that
// views of `out` point into. `analyzer` and the vectors' capacity are reused from call to call.
void index_record(const Record& record, Analyzer& analyzer, IndexedDoc& out, std::string& holder);

// A LoadDoc over record rows; thread-safe (an analyser for each thread).
LoadDoc load_from_records();

// Layout, analysis and library versions: rows written under another one are rebuilt.
const std::string& projection_version();

}  // namespace mnemo
