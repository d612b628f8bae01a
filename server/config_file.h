// File: server/config_file.h
// One file of options, in the TOML that CLI11 reads: the names are those of the flags, without the dashes before them.
//
//   server = "https://memory.example:7070"   # of every command that has the option
//   [serve]                                  # of this command alone, and before the former
//   http = "0.0.0.0:7070"
//   allow-host = ["memory.example", "memory"]
//
// --config FILE names it, else MNEMO_CONFIG; else it is $XDG_CONFIG_HOME/mnemo/config.toml
// (~/.config/mnemo/config.toml), where that is there. A flag comes before the environment, and the environment before
// the file. A name that no command has is an error, so that a mistyped one does not pass in silence.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "events/result.h"

namespace mnemo {

struct Cli;

class ConfigFile {
 public:
  // Before `cli` parses its arguments; it reads the file while it does so. `cli` outlives this.
  explicit ConfigFile(Cli& cli);
  ~ConfigFile();

  // What is wrong with the file, once it has been read: INVALID_ARGUMENT with the name, or why it cannot be read.
  const std::optional<Error>& error() const;
  // The message of a parse error, with the file where the value that it is about came from there.
  std::string with_origin(std::string message) const;

 private:
  class Reader;
  std::string path_;
  std::shared_ptr<Reader> reader_;
};

}  // namespace mnemo
