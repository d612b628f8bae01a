#include "tests/simulation/probes.h"

#include <array>
#include <cstdio>

namespace mnemo::simulation {
namespace {

constexpr std::array kNames = {
#define MNEMO_PROBE_NAME(name) std::string_view(#name),
    MNEMO_PROBES(MNEMO_PROBE_NAME)
#undef MNEMO_PROBE_NAME
};

std::array<uint64_t, kNames.size()> counts{};

}  // namespace

void probe(Probe probe) { ++counts[static_cast<size_t>(probe)]; }
void clear_probes() { counts.fill(0); }
uint64_t probe_count(Probe probe) { return counts[static_cast<size_t>(probe)]; }

std::vector<std::string_view> missed_probes() {
  std::vector<std::string_view> missed;
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (counts[i] == 0) missed.push_back(kNames[i]);
  }
  return missed;
}

void print_probes() {
  for (size_t i = 0; i < kNames.size(); ++i) {
    std::printf("  %-45.*s %lu\n", static_cast<int>(kNames[i].size()), kNames[i].data(), counts[i]);
  }
}

}  // namespace mnemo::simulation
