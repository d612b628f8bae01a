// File: server/completion.h
// Completion of the command line in a shell: a script made from the commands and options that this build has, with the
// values of those options that take one of a few.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace mnemo {

struct Cli;

enum class Shell { kBash, kZsh, kFish };

std::string completion_script(const CLI::App& app, Shell shell);

// After all other commands: it prints what they are.
void add_completion_command(Cli& cli);

}  // namespace mnemo
