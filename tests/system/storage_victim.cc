// Writes memories into a data directory on a disk that fails: twenty that are acknowledged ("ack KEY"), then one whose
// sync fails ("told KEY CODE MESSAGE"). Then it waits to be ended by what a data directory does about that.
//
//   storage_victim DIR SUFFIX     syncs of files whose names end so fail
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "consumers/node.h"
#include "server/cli.h"
#include "server/data_dir.h"
#include "tests/log/faulty_storage.h"

namespace {

void tell(const std::string& line) {
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(9);
}

mnemo::v1::Envelope memory(const std::string& key) {
  mnemo::v1::Envelope envelope;
  envelope.set_namespace_("storage");
  envelope.set_agent_id("agent");
  envelope.set_idempotency_key(key);
  envelope.mutable_remembered()->mutable_text()->set_plain("memory " + key);
  return envelope;
}

int write_until_it_fails(mnemo::Node& node, mnemo::FaultDisk& disk, const std::string& suffix) {
  if (!node.wait_applied(mnemo::soon())) return 6;
  for (int i = 0; i < 20; ++i) {
    const std::string key = fmt::format("key-{}", i);
    if (!node.write(memory(key), mnemo::soon())) return 7;
    tell(fmt::format("ack {}\n", key));
  }
  disk.fail({.call = mnemo::DiskCall::kSync, .suffix = suffix});
  const auto done = [](size_t /*number*/, const mnemo::Result<mnemo::Written>& written) {
    if (written) return;
    tell(fmt::format("told last {} {}\n", mnemo::code_name(written.error().code), written.error().message));
  };
  if (!node.write_all({memory("last")}, done)) return 8;
  for (;;) ::pause();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 4;
  mnemo::FaultyStorage storage;
  const mnemo::SystemClock clock;
  mnemo::DataDirOptions options;
  options.partitions = 1;
  options.log_hooks = storage.options().hooks;
  const auto dir = mnemo::DataDir::open(argv[1], options, clock);
  if (!dir) {
    fmt::print(stderr, "storage_victim: {}\n", dir.error().message);
    return 5;
  }
  const auto node = mnemo::Node::open((*dir)->log(), (*dir)->key(), clock, (*dir)->state_dir(), {});
  return node ? write_until_it_fails(**node, storage.disk(), argv[2]) : 5;
}
