// File: bench/workload.h
// Memories of the shape of long chats between two people: about 120 bytes a turn, a few thousand words that follow
// Zipf's law, sessions of some twenty turns, and many agents written to in turn. Repeatable from a seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "events/envelope.h"

namespace mnemo::bench {

class Workload {
 public:
  // Agents are called `prefix`-0, `prefix`-1, ...
  Workload(uint32_t agents, uint64_t seed, std::string prefix = "agent");

  // The next turn of a random agent, complete but for event id and fingerprint.
  v1::Envelope next();

 private:
  std::string word();
  std::string sentence();

  std::mt19937_64 random_;
  std::string prefix_;
  std::vector<std::string> vocabulary_;
  std::vector<double> cumulative_;  // of Zipf's law over the vocabulary
  std::vector<uint32_t> turns_;     // of each agent
};

}  // namespace mnemo::bench
