#include "server/usage.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

namespace mnemo {
namespace {

constexpr size_t kTyposMax = 2;

// Levenshtein's: letters to insert, remove or replace.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

bool is_option(const std::string& argument) { return argument.size() > 1 && argument.starts_with('-'); }

// The first that is like an option, else the first; what follows -- is like none.
std::string first_unknown(std::vector<std::string> left) {
  const auto dashes = std::ranges::find(left, "--");
  if (dashes == left.begin() && left.size() > 1) return left[1];
  left.erase(dashes, left.end());
  const auto option = std::ranges::find_if(left, is_option);
  if (option != left.end()) return *option;
  return left.empty() ? std::string() : left.front();
}

std::string unknown_argument(const CLI::App& command, const std::string& name, const std::string& argument,
                             bool after_dashes) {
  if (!is_option(argument) || after_dashes) {
    return fmt::format("'{}' is one argument too many for {}: put a text of several words in quotes", argument, name);
  }
  const std::string typed = argument.substr(0, argument.find('='));
  const auto positionals = command.get_options([](const CLI::Option* o) { return o->get_positional(); });
  return fmt::format("'{}' is no option of {}{}{}", typed, name, nearest(typed, options_of(command)),
                     positionals.empty() ? "" : " (a text that begins with a dash comes last, after --)");
}

std::string of_commands(const std::string& name, const std::vector<std::string>& commands, const std::string& typed) {
  std::string message = typed.empty()
                            ? fmt::format("name a command of {}", name)
                            : fmt::format("'{}' is no {} of {}{}", typed, is_option(typed) ? "option" : "command", name,
                                          nearest(typed, commands));
  if (is_option(typed)) message += ": options come after the command";
  return message + fmt::format(" (they are: {})", fmt::join(commands, ", "));
}

std::string in_our_words(const CLI::ParseError& error) {
  std::string message = error.what();
  const size_t end = message.find(": ");
  if (error.get_name() == "ArgumentMismatch" && end != std::string::npos)
    return message.substr(0, end) + " needs a value";
  return message;
}

}  // namespace

std::string nearest(std::string_view typed, const std::vector<std::string>& names) {
  const auto distance = [typed](const std::string& name) { return edit_distance(typed, name); };
  const auto best = std::ranges::min_element(names, {}, distance);
  const bool near = best != names.end() && distance(*best) <= kTyposMax && distance(*best) < best->size() / 2;
  return near ? fmt::format(": did you mean {}?", *best) : std::string();
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* at = &app;
  std::string name = app.get_name();
  const std::string before = first_unknown(app.remaining());
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().front();
    name += " " + at->get_name();
  }
  const std::vector<std::string> commands = commands_of(*at);
  const std::string unknown = first_unknown(at->remaining());
  std::string message;
  if (!commands.empty()) {
    // What stands where a command is looked for is to be one, whatever comes after it.
    const std::vector<std::string> left = at->remaining();
    const bool word = !left.empty() && !is_option(left.front());
    message = of_commands(name, commands, word ? left.front() : unknown);
  } else if (!unknown.empty()) {
    message = unknown_argument(*at, name, unknown, at->remaining().front() == "--");
  } else if (!before.empty()) {
    message = fmt::format("'{}' stands before the command: options come after it, as in {} {}", before, name, before);
  } else {
    message = in_our_words(error);
  }
  return {Code::kInvalidArgument, fmt::format("{}; see {} --help", message, name)};
}

std::string in_typed_names(std::string message) {
  using Names = std::pair<std::string_view, std::string_view>;
  static constexpr std::array<Names, 10> kOfLines = {{{"scope 'agent_id'", "'agent_id'"},
                                                      {"scope 'namespace'", "'namespace'"},
                                                      {"event 'idempotency_key'", "'idempotency_key'"},
                                                      {"memory 'memory_id'", "'id'"},
                                                      {"memory 'observed_at_ms'", "'observed_at'"},
                                                      {"memory 'expires_at_ms'", "'expires_at'"},
                                                      {"embedding 'memory_id'", "'attach.id'"},
                                                      {"link 'from_memory_id'", "'link.from'"},
                                                      {"link 'to_memory_id'", "'link.to'"},
                                                      {"link 'type'", "'link.type'"}}};
  static constexpr std::array<Names, 19> kOfOptions = {{{"scope 'agent_id'", "--agent"},
                                                        {"scope 'namespace'", "--namespace"},
                                                        {"event 'idempotency_key'", "--key"},
                                                        {"memory 'memory_id'", "--id"},
                                                        {"memory 'text'", "the text"},
                                                        {"memory 'session_id'", "--session"},
                                                        {"memory 'speaker'", "--speaker"},
                                                        {"memory 'source'", "--source"},
                                                        {"memory 'content'", "--content"},
                                                        {"importance must", "--importance must"},
                                                        {"cursor is not", "--cursor is not"},
                                                        {"memory 'kind'", "--kind"},
                                                        {"'observed_at' must", "--observed-at must"},
                                                        {"'expires_at' must", "--expires-at must"},
                                                        {"update 'memory_id'", "the id"},
                                                        {"forget 'memory_id'", "the id"},
                                                        {"link 'from_memory_id'", "'from'"},
                                                        {"link 'to_memory_id'", "'to'"},
                                                        {"skip 'reason'", "--reason"}}};
  const auto replace = [&message](const Names& names) {
    const size_t at = message.find(names.first);
    if (at != std::string::npos) message.replace(at, names.first.size(), names.second);
  };
  if (message.starts_with("line ")) {
    std::ranges::for_each(kOfLines, replace);
  } else {
    std::ranges::for_each(kOfOptions, replace);
  }
  return message;
}

}  // namespace mnemo
