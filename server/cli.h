// File: server/cli.h
// What the commands of the binary share: options, an opened data directory, and how results and errors are told.
//
// Exit codes: 0 done; 1 done, and the finding is negative (verify found a difference, nothing was found); 2 failed;
// 3 the log's storage failed (kExitStorageFailed in server/data_dir.h).
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "consumers/node.h"
#include "query/engine.h"
#include "server/data_dir.h"
#include "server/json_memory.h"

namespace mnemo {

inline constexpr int kExitDone = 0;
inline constexpr int kExitNegative = 1;
inline constexpr int kExitFailed = 2;

// Options that every command takes.
struct CommonOptions {
  std::string data;
  uint64_t memory_bytes = 512 << 20;
  uint32_t partitions = limits::kPartitionsDefault;
  size_t batch = 5000;
  bool json = false;
};

// Options of commands that concern one agent.
struct ScopeOptions {
  std::string name_space = "default";
  std::string agent_id;
};

// A data directory, opened and brought to the log's end.
class Session {
 public:
  static Result<std::unique_ptr<Session>> open(const CommonOptions& options);
  ~Session();

  Node& node() { return *node_; }
  DataDir& dir() { return *dir_; }
  const Engine& engine() const { return engine_; }
  // A view of the partition that holds the agent.
  Result<std::unique_ptr<View>> view(const std::string& name_space, const std::string& agent_id);
  Status close();

 private:
  Session() : engine_(Profile::defaults()) {}
  SystemClock clock_;
  std::unique_ptr<DataDir> dir_;
  std::unique_ptr<Node> node_;
  Engine engine_;
};

// A command's work: its exit code, or the error that main() prints.
using Command = std::function<Result<int>()>;

// Registers a subcommand whose parsing sets `chosen`.
struct Cli {
  CLI::App app{"mnemo: durable, replayable memory for agents", "mnemo"};
  CommonOptions common;
  Command chosen;

  CLI::App* add(CLI::App& parent, const std::string& name, const std::string& about, Command run);
};
void add_scope(CLI::App* command, ScopeOptions& scope);

void add_write_commands(Cli& cli);   // remember, update, forget, link, unlink
void add_import_commands(Cli& cli);  // import, export
void add_read_commands(Cli& cli);    // retrieve, explain, list, get, history
void add_admin_commands(Cli& cli);   // status, verify, log copy, skip

// A deadline for what a person waits for.
Deadline soon();
void print_json(const Json& json);
// Text of one line: control characters and line ends made visible, cut to `columns` characters.
std::string one_line(std::string_view text, size_t columns);

}  // namespace mnemo
