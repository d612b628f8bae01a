#include <fmt/format.h>

#include <exception>

#include "server/cli.h"

namespace {

int tell_error(const mnemo::Error& error, bool json) {
  if (json) {
    mnemo::print_json(mnemo::json_from(error));
  } else {
    fmt::print(stderr, "mnemo: {}: {}\n", mnemo::code_name(error.code), error.message);
  }
  return mnemo::kExitFailed;
}

}  // namespace

int main(int argc, char** argv) try {
  mnemo::Cli cli;
  cli.app.require_subcommand(1);
  cli.app.set_version_flag("--version", std::string("mnemo ") + MNEMO_VERSION);
  cli.app.set_help_all_flag("--help-all", "help for every command");
  mnemo::add_write_commands(cli);
  mnemo::add_import_commands(cli);
  mnemo::add_read_commands(cli);
  mnemo::add_admin_commands(cli);
  try {
    cli.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.app.exit(error) == 0 ? mnemo::kExitDone : mnemo::kExitFailed;
  }
  const mnemo::Result<int> code = cli.chosen();
  return code ? *code : tell_error(code.error(), cli.common.json);
} catch (const std::exception& error) {
  fmt::print(stderr, "mnemo: {}\n", error.what());
  return mnemo::kExitFailed;
}
