// File: query/pack.h
// An answer as text for a prompt, within a budget of tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "query/engine.h"

namespace mnemo {

// An estimate that needs no tokenizer: one token for every 4 ASCII characters, rounded up over the whole text, and one
// for every other character. Close for English, high rather than low for most other scripts.
uint64_t estimate_tokens(std::string_view text);

// Memories in order of rank, each as a line of provenance and its text:
//
//   [id=m-07... session=s3 speaker=Nina observed_at=2024-03-01T09:30:00.000Z]
//   She moved to Lisbon in spring.
//
// with an empty line between two. The first that does not fit whole ends the context: cut between characters, with an
// ellipsis, when at least kCutTokensMin tokens of its text fit, otherwise left out. Never over the budget.
inline constexpr uint64_t kCutTokensMin = 16;
std::string pack_context(const std::vector<Hit>& hits, uint32_t token_budget);

}  // namespace mnemo
