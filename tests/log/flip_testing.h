// File: tests/log/flip_testing.h
// Flipping bits in the files of a log.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/log/damage_testing.h"

namespace mnemo {

struct Flip {
  std::string file;
  size_t byte = 0;
  int bit = 0;
};

// One seed a run, printed when it is first asked for; MNEMO_SEED sets it.
uint64_t flip_seed();

// A random bit of every `stride`-th byte of every file but the text for people; of every byte of small files, and of
// the frame headers at both ends of the write-ahead log.
std::vector<Flip> flips_of_files(const SampleLog& sample, size_t stride, uint64_t seed);

// A random bit of every byte of this file.
std::vector<Flip> flips_of_file(const SampleLog& sample, const std::string& file, uint64_t seed);

// Finding nothing is right only if nothing changed; an error must say where.
void expect_found_or_harmless(const SampleLog& sample, const Flip& flip, const Outcome& outcome);

// Flips each, looks at the log, and flips it back. Every flip in a file that the log needs must be found.
void flip_each(const SampleLog& sample, const std::vector<Flip>& flips);

}  // namespace mnemo
