// File: bench/log_filler.h
// A log full of generated memories, as producers would have written it.
#pragma once

#include <filesystem>
#include <string>

#include "events/fingerprint.h"
#include "events/log_embedded.h"
#include "server/load/workload.h"

namespace mnemo::bench {

// The secret of every log that a benchmark makes.
FingerprintKey bench_key();

// The beginning that every log has.
void append_genesis(Log& log, const FingerprintKey& key);

// Appends `events` memories in batches of 1,000, 16 of them under way at a time; returns the seconds it took.
// `texts`, when not empty, is a file that gets agent and text of each, tab-separated.
double fill_log(Log& log, const FingerprintKey& key, Workload& workload, uint64_t events, const std::string& texts);

}  // namespace mnemo::bench
