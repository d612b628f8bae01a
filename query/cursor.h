// File: query/cursor.h
// Where a listing goes on: lower-case hexadecimal, opaque to clients, bound to what was listed. A cursor of another
// log, epoch, agent or filter, or one that was altered, is refused rather than read as another place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "events/result.h"
#include "query/lookup.h"

namespace mnemo {

// What a cursor belongs to.
uint64_t listing_hash(const Meta& meta, const Scope& scope, const std::optional<v1::Filter>& filter);

// `doc`: the last document of the page; the next page starts below it.
std::string make_cursor(uint64_t listing, uint32_t doc);
// INVALID_ARGUMENT when make_cursor with this listing did not make it.
Result<uint32_t> parse_cursor(uint64_t listing, std::string_view cursor);

}  // namespace mnemo
