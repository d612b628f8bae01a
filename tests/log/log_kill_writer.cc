// Appends to a log from four threads until it is killed: log_kill_writer DIR ROUND. Notes go to standard output.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "events/log_embedded.h"
#include "tests/log/kill_protocol.h"

namespace mnemo {
namespace {

void tell(const KillNote& note) {
  if (::write(STDOUT_FILENO, &note, sizeof note) != static_cast<ssize_t>(sizeof note)) std::_Exit(3);
}

void append_for_ever(EmbeddedLog& log, const std::string& round, std::atomic<uint64_t>& next_id) {
  for (;;) {
    const uint64_t id = next_id.fetch_add(1);
    const auto partition = static_cast<uint32_t>(id % log.identity().partitions);
    const std::string value = round + "/" + std::to_string(id) + "/" + std::string(id * 131 % 2000, 'k');
    tell({KillNote::kStarted, partition, id, 0});
    const auto appended = append_and_wait(log, {{PartitionId{partition},
                                                 "ns\x1f"
                                                 "agent",
                                                 value}});
    if (!appended) {
      std::fprintf(stderr, "%s\n", appended.error().message.c_str());
      std::_Exit(2);
    }
    tell({KillNote::kAcknowledged, partition, id, appended->front().position.offset});
  }
}

}  // namespace
}  // namespace mnemo

int main(int argc, char** argv) {
  if (argc != 3) return 1;
  mnemo::EmbeddedLogOptions options;
  options.memtable_bytes = 128 << 10;  // so that tables are written and merged all the time
  const auto log = mnemo::EmbeddedLog::open(argv[1], options);
  if (!log) {
    std::fprintf(stderr, "%s\n", log.error().message.c_str());
    return 1;
  }
  std::atomic<uint64_t> next_id{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([&] { mnemo::append_for_ever(**log, argv[2], next_id); });
  for (auto& thread : threads) thread.join();
}
