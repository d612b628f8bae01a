#include "server/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

namespace mnemo {
namespace {

constexpr auto kCatchUpMax = std::chrono::hours(24);

std::string default_data_dir() {
  const char* data_home = std::getenv("XDG_DATA_HOME");
  if (data_home != nullptr && *data_home != '\0') return std::string(data_home) + "/mnemo";
  const char* home = std::getenv("HOME");
  return (home != nullptr ? std::string(home) : std::string(".")) + "/.local/share/mnemo";
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(const CommonOptions& options) {
  std::unique_ptr<Session> session(new Session());
  DataDirOptions dir_options;
  dir_options.partitions = options.partitions;
  MNEMO_ASSIGN(session->dir_, DataDir::open(options.data, dir_options, session->clock_));
  for (const std::string& warning : session->dir_->log().warnings())
    fmt::print(stderr, "mnemo: warning: {}\n", warning);
  NodeOptions node_options;
  node_options.memory_bytes = options.memory_bytes;
  node_options.batch.records = options.batch;
  MNEMO_ASSIGN(session->node_, Node::open(session->dir_->log(), session->dir_->key(), session->clock_,
                                          session->dir_->state_dir(), node_options));
  MNEMO_TRY(session->node_->wait_applied(std::chrono::steady_clock::now() + kCatchUpMax));
  MNEMO_TRY(session->dir_->drop_old_states());
  return session;
}

Session::~Session() = default;

Result<std::unique_ptr<View>> Session::view(const std::string& name_space, const std::string& agent_id) {
  return node_->view(node_->partition_for(name_space, agent_id));
}

Status Session::close() {
  MNEMO_TRY(node_->close());
  return dir_->log().close();
}

CLI::App* Cli::add(CLI::App& parent, const std::string& name, const std::string& about, Command run) {
  CLI::App* command = parent.add_subcommand(name, about);
  command->add_option("--data", common.data, "data directory")->envname("MNEMO_DATA")->default_val(default_data_dir());
  command->add_option("--memory", common.memory_bytes, "memory budget, such as 512MiB")
      ->envname("MNEMO_MEMORY")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(uint64_t{16} << 20, uint64_t{1} << 40));
  command->add_option("--partitions", common.partitions, "partitions of a log that is made now")
      ->envname("MNEMO_PARTITIONS")
      ->check(CLI::Range(1U, limits::kPartitionsMax));
  command->add_option("--batch", common.batch, "records applied in one batch at most")->check(CLI::Range(1, 100000));
  command->add_flag("--json", common.json, "print JSON");
  command->callback([this, run = std::move(run)] { chosen = run; });
  return command;
}

void add_scope(CLI::App* command, ScopeOptions& scope) {
  command->add_option("--namespace", scope.name_space, "namespace")->capture_default_str();
  command->add_option("--agent", scope.agent_id, "agent id")->required();
}

Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(30); }

void print_json(const Json& json) { fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace)); }

std::string one_line(std::string_view text, size_t columns) {
  std::string line;
  size_t shown = 0;
  for (const char c : text) {
    const bool starts = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (starts && ++shown > columns) return line + "…";
    line.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  }
  return line;
}

}  // namespace mnemo
