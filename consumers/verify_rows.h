// File: consumers/verify_rows.h
// The row-by-row half of verify: two states side by side, and one state's index against its own records.
#pragma once

#include <vector>

#include "consumers/verify.h"
#include "projector/store/view.h"

namespace mnemo {

// Appends the digest points that differ, at the first of them.
Status compare_points(const View& live, const View& replayed, PartitionReport& report, std::vector<Finding>& findings);

// Appends the fields of the meta row that differ: the digests, and the rest by name. What is announced depends on who
// follows the log, so the number of outbox rows does not count.
Status compare_meta(const View& live, const View& replayed, PartitionReport& report, std::vector<Finding>& findings);

// Appends the first row that differs, and each of the partition's own (rules, version, digest points) that does. Left
// out are the meta row, and outbox rows, which depend on how the log was read.
Status compare_rows(const View& live, const View& replayed, PartitionReport& report, std::vector<Finding>& findings);

// Appends the first index row that does not say what the records say.
Status compare_indexes(const View& live, PartitionReport& report, std::vector<Finding>& findings);

// "record row 7 of agent acme/nina": what a row key means to a person.
Result<std::string> row_name(const View& view, std::string_view key);

}  // namespace mnemo
