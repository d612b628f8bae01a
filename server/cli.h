// File: server/cli.h
// What the commands of the binary share: options, an opened data directory, and how results and errors are told.
//
// Exit codes: 0 done; 1 done, and the finding is negative (verify found a difference, nothing was found); 2 failed;
// 3 the log's storage failed (kExitStorageFailed in server/data_dir.h).
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "consumers/node.h"
#include "query/engine.h"
#include "server/data_dir.h"
#include "server/json_memory.h"
#include "server/printable.h"

namespace mnemo {

inline constexpr int kExitDone = 0;
inline constexpr int kExitNegative = 1;
inline constexpr int kExitFailed = 2;

// Options that every command takes.
struct CommonOptions {
  std::string data;
  uint64_t memory_bytes = 512 << 20;
  uint32_t partitions = 0;  // 0: not said
  uint32_t batch = 5000;
  bool json = false;
  std::string config;  // read while parsing: server/config_file.h

  // Of commands that a server can answer, too; they work on a directory where one is given.
  std::string server = "http://127.0.0.1:7070";
  std::string api_key;
  std::string ca_cert;
  bool on_server = false;
};

// Where a command works.
enum class Reach {
  kDirectory,
  kServerToo,  // on the server, unless it is given a directory
};

// Options of commands that concern one agent.
struct ScopeOptions {
  std::string name_space = "default";
  std::string agent_id;
};

enum class Access {
  kWrite,  // a directory is made where there is none
  kKnown,  // of a directory that is there
  kRead,   // as kKnown, but appends nothing; a log that cannot be opened leaves what was applied
};

// A data directory, opened. Its partitions come to the log's end each by itself: a command waits for those it needs.
// One that stands still answers reads with what it has applied, and a warning on standard error, and takes no writes.
class Session {
 public:
  static Result<std::unique_ptr<Session>> open(const CommonOptions& options, Access access = Access::kWrite);
  ~Session();

  // Not in a session to read whose log could not be opened.
  Node& node() { return *node_; }
  DataDir& dir() { return *dir_; }
  const Engine& engine() const { return engine_; }
  // Nothing may be appended.
  bool reads_only() const { return access_ == Access::kRead; }

  uint32_t partitions() const;
  PartitionId partition_for(const std::string& name_space, const std::string& agent_id) const;

  // Waits until the partition has applied what was on the log; the error that halted it, when one did.
  Status catch_up(PartitionId partition);
  // Why reads of the partition show less than the log holds; nullopt when they do not.
  std::optional<Error> behind(PartitionId partition) const;
  // Whether a view was given of a partition that is behind.
  bool warned() const { return !warned_.empty(); }

  // A view of the partition (that holds the agent), once it has caught up or come to stand. The log's error, where it
  // cannot be opened and nothing (of the agent's partition) has been applied: that is not to be taken for an empty one.
  Result<std::unique_ptr<View>> view(PartitionId partition);
  Result<std::unique_ptr<View>> view(const std::string& name_space, const std::string& agent_id);
  Status close();

 private:
  explicit Session(Access access) : access_(access), engine_(Profile::defaults()) {}
  Status open_node(const CommonOptions& options, Access access);
  void warn_of_slow_clock();
  void resume_operations();
  Status open_stores(const CommonOptions& options);
  Status drop_old_states();

  const Access access_;
  SystemClock clock_;
  std::unique_ptr<DataDir> dir_;
  std::unique_ptr<Node> node_;
  std::vector<uint64_t> ends_;  // of the log, when it was opened
  // Instead of a node, where there is no log:
  std::unique_ptr<StoreResources> resources_;
  std::vector<std::unique_ptr<Store>> stores_;
  std::set<PartitionId> warned_;
  bool closed_ = false;
  Engine engine_;
};

// A command's work: its exit code, or the error that main() prints.
using Command = std::function<Result<int>()>;

// The command line: its commands, and after parsing the chosen one with its options.
struct Cli {
  CLI::App app{"mnemo: durable, replayable memory for agents", "mnemo"};
  bool json_before = false;     // --json came before the command
  bool server_in_file = false;  // the config file names a server (server/config_file.h)
  CommonOptions common;
  Command chosen;
  std::vector<std::string> arguments;  // as typed, to tell options from the environment's

  bool typed(std::string_view option) const;
  // What gave the option its value, the greater the stronger: nothing, the config file, the environment, a flag.
  int strength(const CLI::App& command, const std::string& option) const;

  // Registers a subcommand whose parsing sets `common` and `chosen`.
  CLI::App* add(CLI::App& parent, const std::string& name, const std::string& about, Command run,
                Reach reach = Reach::kDirectory);
};

// Options are checked while they are parsed, so that a refusal names the option. A value that is empty, as an unset
// variable of a script leaves it, is refused: taken as absent, it would widen what the command does.
CLI::Option* add_text(CLI::App* command, const std::string& name, std::string& value, const std::string& about);
// One value each time it is given.
// A path: in the config file, its ~ stands for HOME.
CLI::Option* add_path(CLI::App* command, const std::string& name, std::string& value, const std::string& about);
bool takes_path(const CLI::Option& option);
CLI::Option* add_texts(CLI::App* command, const std::string& name, std::vector<std::string>& values,
                       const std::string& about);
CLI::Option* add_number(CLI::App* command, const std::string& name, uint32_t& value, uint32_t least, uint32_t most,
                        const std::string& about);
void add_scope(CLI::App* command, ScopeOptions& scope);
// A value among these alone: help and completion name them.
CLI::Validator one_of(const std::vector<std::string>& values);
inline constexpr const char* kConfigAbout =
    "file of options; when not given, $XDG_CONFIG_HOME/mnemo/config.toml where that is there";
inline constexpr const char* kKeyAbout = "idempotency key: a repeated one does nothing twice";
// Takes common options off a command: what would be taken and do nothing is not taken.
void leave_out(CLI::App* command, std::initializer_list<const char*> options);
// The JSON that an option holds, and the filter that it asks for; INVALID_ARGUMENT names the option.
Result<Json> json_of_option(std::string_view option, const std::string& text);
Result<v1::Filter> filter_of_option(std::string_view option, const Json& json);

void add_write_commands(Cli& cli);      // remember, update, forget, link, unlink
void add_forget_command(Cli& cli);      // forget alone
void add_import_commands(Cli& cli);     // import, export
void add_read_commands(Cli& cli);       // retrieve, explain, list, get, history
void add_agents_command(Cli& cli);      // agents
void add_status_command(Cli& cli);      // status
void add_verify_command(Cli& cli);      // verify
void add_log_commands(Cli& cli);        // log copy, deadletters, skip
void add_topics_commands(Cli& cli);     // topics create
void add_auth_commands(Cli& cli);       // auth add
void add_operation_commands(Cli& cli);  // policy, journal, rules

// A deadline for what a person waits for.
Deadline soon();
// Adds `halted` to an answer from a partition that is behind.
void mark_behind(Json& json, const Session& session, PartitionId partition);
void print_json(const Json& json, int indent = -1);
// What opening the log found and could mend, on standard error.
void print_warnings(DataDir& dir);
// "1 memory", "2 memories".
std::string memories(uint64_t count);

}  // namespace mnemo
