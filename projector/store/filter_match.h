// File: projector/store/filter_match.h
// Whether a record matches a filter, decided from the record alone: what apply() uses, and the reference for the
// index-driven evaluation of query/. The filter has passed validate_filter().
#pragma once

#include "events/envelope.h"
#include "projector/store/record.h"

namespace mnemo {

bool matches(const v1::Filter& filter, const Record& record);

// Whether one metadata value satisfies a METADATA condition (without NE, which is the negation of EQ over the record).
bool metadata_value_matches(const v1::Condition& condition, const MetadataView& value);

}  // namespace mnemo
