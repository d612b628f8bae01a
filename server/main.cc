#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <iostream>
#include <optional>
#include <span>

#include "events/envelope.h"
#include "events/tell_aside.h"
#include "server/cli.h"
#include "server/cmd_bench.h"
#include "server/completion.h"
#include "server/config_file.h"
#include "server/serve_options.h"
#include "server/standard_files.h"
#include "server/usage.h"

namespace {

int tell_error(mnemo::Error error, bool json) {
  if (error.code == mnemo::Code::kInvalidArgument) error.message = mnemo::in_typed_names(std::move(error.message));
  if (json) {
    mnemo::print_json(mnemo::json_from(error));
  } else {
    mnemo::tell_aside(fmt::format("mnemo: {}: {}\n", mnemo::code_name(error.code), mnemo::printable(error.message)));
  }
  return mnemo::kExitFailed;
}

// What is no text could be neither kept nor told: a terminal of another encoding is no reason to store something else.
std::optional<mnemo::Error> not_utf8(std::span<char*> arguments) {
  const auto wrong = std::ranges::find_if_not(arguments, [](const char* each) { return mnemo::is_utf8(each); });
  if (wrong == arguments.end()) return std::nullopt;
  return mnemo::Error{mnemo::Code::kInvalidArgument,
                      fmt::format("argument {}, '{}', is not UTF-8: write it as UTF-8, or use a terminal that does",
                                  wrong - arguments.begin(), mnemo::excerpt(*wrong))};
}

int run(mnemo::Cli& cli, std::span<char*> arguments) {
  const auto is_json = [](const char* argument) { return std::string_view(argument) == "--json"; };
  if (auto wrong = not_utf8(arguments)) return tell_error(*std::move(wrong), std::ranges::any_of(arguments, is_json));
  cli.app.require_subcommand(1);
  cli.arguments.assign(arguments.begin(), arguments.end());
  mnemo::add_write_commands(cli);
  mnemo::add_import_commands(cli);
  mnemo::add_read_commands(cli);
  mnemo::add_agents_command(cli);
  mnemo::add_status_command(cli);
  mnemo::add_verify_command(cli);
  mnemo::add_log_commands(cli);
  mnemo::add_topics_commands(cli);
  mnemo::add_auth_commands(cli);
  mnemo::add_operation_commands(cli);
  mnemo::add_bench_command(cli);
  mnemo::add_serve_command(cli, MNEMO_VERSION);
  mnemo::add_completion_command(cli);
  // After the commands, which would inherit it.
  cli.app.set_version_flag("--version", std::string("mnemo ") + MNEMO_VERSION, "print the version");
  cli.app.add_flag("--json", cli.json_before, "print results and errors as JSON; after the command, too");
  cli.app.set_help_all_flag("--help-all", "print help for every command");
  const mnemo::ConfigFile config(cli);
  try {
    cli.app.parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return cli.app.exit(error);
    mnemo::Error told = config.error() ? *config.error() : mnemo::usage_error(cli.app, error);
    told.message = config.with_origin(std::move(told.message));
    return tell_error(std::move(told), std::ranges::any_of(arguments, is_json));
  }
  if (config.error()) return tell_error(*config.error(), cli.common.json);
  const mnemo::Result<int> code = cli.chosen();
  return code ? *code : tell_error(code.error(), cli.common.json);
}

// What was printed has arrived, or the exit code says that it has not.
int after_output(int code) {
  errno = 0;
  std::cout.flush();
  const bool arrived = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
  if (arrived) return code;
  mnemo::tell_aside(fmt::format("mnemo: UNAVAILABLE: the output could not be written: {}\n",
                                errno != 0 ? std::strerror(errno) : "it ended early"));
  return mnemo::kExitFailed;
}

}  // namespace

int main(int argc, char** argv) try {
  if (!mnemo::keep_standard_files()) return mnemo::kExitFailed;  // without /dev/null there is nobody to tell
  mnemo::Cli cli;
  return after_output(run(cli, std::span(argv, static_cast<size_t>(argc))));
} catch (const std::exception& error) {
  mnemo::tell_aside(fmt::format("mnemo: {}\n", error.what()));
  return mnemo::kExitFailed;
}
