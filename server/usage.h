// File: server/usage.h
// What is wrong with a command line, in the words of whoever typed it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "events/result.h"

namespace mnemo {

// INVALID_ARGUMENT: what is wrong, the nearest name where one was mistyped, and where help is.
Error usage_error(const CLI::App& app, const CLI::ParseError& error);

// The options of a command: "--data" and so on.
std::vector<std::string> options_of(const CLI::App& app);
// ": did you mean NAME?", or nothing where no name is near.
std::string nearest(std::string_view typed, const std::vector<std::string>& names);

// The message of a refusal with the names that the command line has for fields of an event, or, after the line of an
// import, those that JSON has.
std::string in_typed_names(std::string message);

}  // namespace mnemo
