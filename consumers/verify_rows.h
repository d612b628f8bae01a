// File: consumers/verify_rows.h
// The row-by-row half of verify: two states side by side, and one state's index against its own records.
#pragma once

#include <vector>

#include "consumers/verify.h"
#include "projector/store/view.h"

namespace mnemo {

// Appends the first row that differs, if any. Rows that depend on how the log was read (meta, outbox) are left out.
Status compare_rows(const View& live, const View& replayed, PartitionReport& report, std::vector<Finding>& findings);

// Appends the first index row that does not say what the records say.
Status compare_indexes(const View& live, PartitionReport& report, std::vector<Finding>& findings);

Result<std::vector<DigestPoint>> stored_points(const View& view);

// "record row of document 7 of agent acme/nina": what a row key means to a person.
Result<std::string> row_name(const View& view, std::string_view key);

}  // namespace mnemo
