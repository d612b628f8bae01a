#include <fmt/format.h>

#include <algorithm>

#include "server/cli.h"
#include "server/service/key_file.h"

namespace mnemo {
namespace {

struct AuthAdd {
  std::string file;
  std::string name;
  std::vector<std::string> namespaces;
  std::vector<std::string> rights;
};

Result<Principal> principal_of(const AuthAdd& o) {
  Principal principal;
  principal.name = o.name;
  principal.every_namespace = o.namespaces.empty();
  principal.namespaces = o.namespaces;
  std::ranges::sort(principal.namespaces);
  const auto given = [&o](std::string_view right) { return std::ranges::find(o.rights, right) != o.rights.end(); };
  const auto known = [](const std::string& right) { return right == "read" || right == "write" || right == "admin"; };
  const auto unknown = std::ranges::find_if_not(o.rights, known);
  if (unknown != o.rights.end()) {
    return fail(Code::kInvalidArgument, fmt::format("--right {}: there are read, write and admin", *unknown));
  }
  principal.read = given("read");
  principal.write = given("write");
  principal.admin = given("admin");
  return principal;
}

Result<int> run_auth_add(const CommonOptions& common, const AuthAdd& o) {
  MNEMO_ASSIGN(Principal principal, principal_of(o));
  MNEMO_ASSIGN(const std::string key, add_key(o.file, std::move(principal)));
  if (common.json) {
    print_json({{"name", o.name}, {"key", key}});
  } else {
    fmt::print("{}\n", key);
  }
  return kExitDone;
}

}  // namespace

void add_auth_commands(Cli& cli) {
  CLI::App* auth = cli.app.add_subcommand("auth", "API keys of a server");
  auth->require_subcommand(1);
  auto add = std::make_shared<AuthAdd>();
  CLI::App* command = cli.add(*auth, "add", "Make a key, add its hash to the file of keys, and print it: once",
                              [&cli, add] { return run_auth_add(cli.common, *add); });
  leave_out(command, {"--data", "--memory", "--partitions", "--batch"});
  add_path(command, "--file", add->file, "the file that `mnemo serve --auth` takes; made if it is not there")
      ->required();
  add_text(command, "--name", add->name, "whose key it is: events carry it as their actor")->required();
  add_texts(command, "--namespace", add->namespaces, "which it may use, once for each; without it, every one");
  add_texts(command, "--right", add->rights, "what it may, once for each; docs/operations.md says what each allows")
      ->required()
      ->check(one_of({"read", "write", "admin"}));
}

}  // namespace mnemo
