// topics create.
#include <fmt/format.h>

#include "server/cli.h"
#include "server/log_options.h"

namespace mnemo {
namespace {

Result<int> run_create(const CommonOptions& common, const LogOptions& o) {
  MNEMO_TRY(o.check());
  MNEMO_ASSIGN(auto member, o.member(common));
  MNEMO_CHECK(member.has_value());
  const SystemClock clock;
  MNEMO_ASSIGN(const JoinedLog joined, join_kafka_log(*member, clock));
  const LogIdentity& log = joined.log->identity();
  const uint32_t asked = common.partitions;
  if (asked != 0 && asked != log.partitions) {
    return fail(Code::kFailedPrecondition,
                fmt::format("topic {} is there, with {} partitions, which is for ever: leave --partitions out, or give "
                            "another --topic-prefix",
                            events_topic(member->kafka), log.partitions));
  }
  MNEMO_TRY(joined.log->close());
  if (common.json) {
    print_json({{"topic", events_topic(member->kafka)},
                {"log_id", to_hex(log.log_id)},
                {"partitions", log.partitions},
                {"made", joined.topics_made},
                {"warnings", joined.log->warnings()}});
    return kExitDone;
  }
  for (const std::string& topic : joined.topics_made) fmt::print("made {}\n", topic);
  fmt::print("{} with {} partitions is a log of mnemo (id {})\n", events_topic(member->kafka), log.partitions,
             to_hex(log.log_id));
  for (const std::string& warning : joined.log->warnings()) fmt::print("warning: {}\n", warning);
  return kExitDone;
}

}  // namespace

void add_topics_commands(Cli& cli) {
  CLI::App* topics = cli.app.add_subcommand("topics", "The topics of a log on Kafka");
  topics->require_subcommand(1);
  auto options = std::make_shared<LogOptions>();
  options->kind = "kafka";
  options->create_topics = true;
  CLI::App* command =
      cli.add(*topics, "create", "Make those that are not there, and begin the log; check what is there",
              [&cli, options] { return run_create(cli.common, *options); });
  add_kafka_options(command, *options);
  command->get_option("--fingerprint-key")->required();
  leave_out(command, {"--data", "--memory", "--batch"});
}

}  // namespace mnemo
