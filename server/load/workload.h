// File: server/load/workload.h
// Memories of the shape of long chats between two people: about 120 bytes a turn, a few thousand words that follow
// Zipf's law, sessions of some twenty turns, and many agents written to in turn. Repeatable from a seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "events/envelope.h"
#include "server/load/zipf.h"

namespace mnemo {

struct WorkloadOptions {
  uint32_t agents = 1;
  uint64_t seed = 1;
  double agents_zipf = 0;  // exponent of Zipf's law over the agents; 0: each as often as any other
  std::string name_space = "bench";
  std::string prefix = "agent";  // agents are called PREFIX-0, PREFIX-1, ...
};

class Workload {
 public:
  explicit Workload(WorkloadOptions options);

  // The next turn of a random agent, complete but for event id and fingerprint. Its key is the agent and the turn's
  // number, so no two of one Workload are the same.
  v1::Envelope next();

 private:
  std::string word();
  std::string sentence();

  WorkloadOptions options_;
  std::mt19937_64 random_;
  std::vector<std::string> vocabulary_;
  Zipf words_;
  Zipf agents_;
  std::vector<uint32_t> turns_;  // of each agent
};

}  // namespace mnemo
