// Appends to the log of a data directory what only a newer build can apply, for an agent of namespace "test": its
// partition halts there. Prints the record's position.
//
//   append_newer DATA AGENT
#include <fmt/format.h>

#include "events/clock.h"
#include "events/envelope.h"
#include "events/uuid.h"
#include "server/data_dir.h"

namespace {

using namespace mnemo;

Result<Position> append_newer(const std::string& data, const std::string& agent) {
  const SystemClock clock;
  DataDirOptions options;
  options.create = false;
  MNEMO_ASSIGN(const auto dir, DataDir::open(data, options, clock));
  UuidGenerator ids(clock);
  const Bytes16 id = ids.next();
  v1::Envelope envelope;
  envelope.set_event_id(std::string(id.begin(), id.end()));
  envelope.set_schema_version(kSchemaVersion + 1);
  envelope.set_namespace_("test");
  envelope.set_agent_id(agent);
  envelope.mutable_remembered()->mutable_text()->set_plain("said by a newer build");
  const uint32_t partitions = dir->log().identity().partitions;
  MNEMO_ASSIGN(const auto appended, append_and_wait(dir->log(), {make_record(envelope, partitions)}));
  return appended.front().position;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: append_newer DATA AGENT\n");
    return 2;
  }
  const auto position = append_newer(argv[1], argv[2]);
  if (!position) {
    fmt::print(stderr, "append_newer: {}\n", position.error().message);
    return 2;
  }
  fmt::print("{}\n", to_string(*position));
  return 0;
}
