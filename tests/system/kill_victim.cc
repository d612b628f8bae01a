// Writes memories from several threads for as long as it lives, and tells of each before it is appended ("start KEY")
// and after it was acknowledged ("ack KEY POSITION"), one line a write(2), so that a reader knows what a kill cut off.
//
//   kill_victim DIR RUN THREADS
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>
#include <vector>

#include "server/cli.h"

namespace {

void tell(const std::string& line) {
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(3);
}

void write_for_ever(mnemo::Session& session, const std::string& run, int thread) {
  for (int i = 0;; ++i) {
    const std::string key = fmt::format("{}-{}-{}", run, thread, i);
    mnemo::v1::Envelope envelope;
    envelope.set_namespace_("kill");
    envelope.set_agent_id(fmt::format("agent-{}", i % 3));
    envelope.set_idempotency_key(key);
    envelope.mutable_remembered()->mutable_text()->set_plain("memory " + key);
    envelope.mutable_remembered()->set_kind("note");
    tell(fmt::format("start {}\n", key));
    const auto written = session.node().write(envelope, mnemo::soon());
    if (!written) {
      fmt::print(stderr, "kill_victim: {}\n", written.error().message);
      std::_Exit(4);
    }
    tell(fmt::format("ack {} {}\n", key, mnemo::to_string(written->position)));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  mnemo::CommonOptions options;
  options.data = argv[1];
  options.memory_bytes = 64 << 20;
  options.partitions = 2;
  const auto session = mnemo::Session::open(options);
  if (!session) {
    fmt::print(stderr, "kill_victim: {}\n", session.error().message);
    return 5;
  }
  for (uint32_t p = 0; p < (*session)->partitions(); ++p) {
    if (!(*session)->catch_up(mnemo::PartitionId(p))) return 6;
  }
  tell("ready\n");
  std::vector<std::jthread> threads;
  for (int t = 0; t < std::atoi(argv[3]); ++t) {
    threads.emplace_back([&session, run = std::string(argv[2]), t] { write_for_ever(**session, run, t); });
  }
  return 0;
}
