#include "server/completion.h"

#include <fmt/format.h>

#include <map>

#include "server/cli.h"

namespace mnemo {
namespace {

struct OptionWord {
  std::string name;  // "--class"
  std::string about;
  bool takes_value = false;
  std::vector<std::string> values;  // empty: any
};

struct CommandWords {
  std::string path;  // "log copy"; empty: mnemo itself
  std::string about;
  std::vector<std::string> commands;  // below it, by their last words
  std::vector<OptionWord> options;
  std::vector<std::string> values;  // of what comes without a name
};

// "TEXT:{a,b}" as a, b: how an option that takes one of a few says so in help.
std::vector<std::string> values_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t open = type.rfind('{');
  if (open == std::string::npos || !type.ends_with('}')) return {};
  return CLI::detail::split(type.substr(open + 1, type.size() - open - 2), ',');
}

void collect(const CLI::App& app, const std::string& path, std::vector<CommandWords>& out) {
  CommandWords words;
  words.path = path;
  words.about = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) words.values = values_of(*option);
    for (const std::string& name : option->get_lnames()) {
      words.options.push_back(
          {"--" + name, option->get_description(), option->get_expected_min() > 0, values_of(*option)});
    }
  }
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* command : commands) words.commands.push_back(command->get_name());
  out.push_back(std::move(words));
  for (const CLI::App* command : commands) {
    collect(*command, path.empty() ? command->get_name() : path + " " + command->get_name(), out);
  }
}

std::string joined(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, " ")); }

std::string option_names(const CommandWords& words) {
  std::vector<std::string> names;
  for (const OptionWord& option : words.options) names.push_back(option.name);
  return joined(names);
}

// Lines of a case that bash and zsh have alike: which command the words so far come to.
std::string path_cases(const std::vector<CommandWords>& all, std::string_view indent) {
  std::string out;
  for (const CommandWords& words : all) {
    for (const std::string& command : words.commands) {
      const std::string path = words.path.empty() ? command : words.path + " " + command;
      out += fmt::format("{}\"{} {}\") command=\"{}\" ;;\n", indent, words.path, command, path);
    }
  }
  return out;
}

// What may follow, as `add` says: the values of the option before, none of ours where it takes any, else the options.
std::string value_cases(const std::vector<CommandWords>& all, std::string_view indent, std::string_view add) {
  std::string out;
  for (const CommandWords& words : all) {
    for (const OptionWord& option : words.options) {
      if (!option.takes_value) continue;
      out += fmt::format("{}\"{} {}\") ", indent, words.path, option.name);
      out += option.values.empty() ? "files=1 ;;\n" : fmt::format(fmt::runtime(add), joined(option.values)) + " ;;\n";
    }
  }
  return out;
}

std::string word_cases(const std::vector<CommandWords>& all, std::string_view indent, std::string_view add) {
  std::string out;
  for (const CommandWords& words : all) {
    std::vector<std::string> plain = words.commands;
    plain.insert(plain.end(), words.values.begin(), words.values.end());
    const std::string both = plain.empty() ? option_names(words) : joined(plain) + " " + option_names(words);
    out += fmt::format("{}\"{}\") {} ;;\n", indent, words.path, fmt::format(fmt::runtime(add), both));
  }
  return out;
}

std::string bash_script(const std::vector<CommandWords>& all) {
  return fmt::format(R"(# mnemo in bash: source <(mnemo completion bash)
_mnemo() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" command="" words="" files="" i
  # --class=epi comes as three words.
  if [[ $current == "=" ]]; then current=""; elif [[ $before == "=" ]]; then before="${{COMP_WORDS[COMP_CWORD-2]}}"; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command ${{COMP_WORDS[i]}}" in
{}    esac
  done
  case "$command $before" in
{}  esac
  if [[ -z $words && -z $files ]]; then
    case "$command" in
{}    esac
  fi
  # Without a match, readline completes files.
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _mnemo mnemo
)",
                     path_cases(all, "      "), value_cases(all, "    ", "words=\"{}\""),
                     word_cases(all, "      ", "words=\"{}\""));
}

std::string zsh_script(const std::vector<CommandWords>& all) {
  return fmt::format(R"(#compdef mnemo
# mnemo in zsh: source <(mnemo completion zsh)
_mnemo() {{
  local command="" files="" word
  local -a found
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    case "$command $word" in
{}    esac
  done
  case "$command ${{words[CURRENT-1]}}" in
{}  esac
  if [[ -z $files && ${{#found}} -eq 0 ]]; then
    case "$command" in
{}    esac
    [[ ${{words[CURRENT]}} == -* ]] || files=1
  fi
  compadd -a found
  [[ -z $files ]] || _files
}}
compdef _mnemo mnemo
)",
                     path_cases(all, "      "), value_cases(all, "    ", "found=({})"),
                     word_cases(all, "      ", "found=({})"));
}

std::string fish_quoted(std::string text) {
  for (size_t at = 0; (at = text.find_first_of("'\\", at)) != std::string::npos; at += 2) text.insert(at, 1, '\\');
  return "'" + text + "'";
}

// When the words so far come to the command, and to none below it.
std::string fish_condition(const CommandWords& words) {
  if (words.path.empty()) return "__fish_use_subcommand";
  std::string out;
  for (const std::string& word : CLI::detail::split(words.path, ' ')) {
    out += (out.empty() ? "" : "; and ") + fmt::format("__fish_seen_subcommand_from {}", word);
  }
  if (!words.commands.empty()) out += "; and not __fish_seen_subcommand_from " + joined(words.commands);
  return out;
}

std::string fish_script(const std::vector<CommandWords>& all) {
  std::map<std::string, std::string> abouts;
  for (const CommandWords& words : all) abouts[words.path] = words.about;
  std::string out = "# mnemo in fish: mnemo completion fish | source\n";
  for (const CommandWords& words : all) {
    const std::string when = fish_quoted(fish_condition(words));
    for (const std::string& command : words.commands) {
      const std::string& about = abouts[words.path.empty() ? command : words.path + " " + command];
      out += fmt::format("complete -c mnemo -f -n {} -a {} -d {}\n", when, command, fish_quoted(about));
    }
    if (!words.values.empty()) out += fmt::format("complete -c mnemo -f -n {} -a '{}'\n", when, joined(words.values));
    for (const OptionWord& option : words.options) {
      const std::string value = !option.takes_value     ? ""
                                : option.values.empty() ? " -r"
                                                        : fmt::format(" -x -a '{}'", joined(option.values));
      out += fmt::format("complete -c mnemo -n {} -l {}{} -d {}\n", when, option.name.substr(2), value,
                         fish_quoted(option.about));
    }
  }
  return out;
}

}  // namespace

std::string completion_script(const CLI::App& app, Shell shell) {
  std::vector<CommandWords> all;
  collect(app, "", all);
  switch (shell) {
    case Shell::kBash: return bash_script(all);
    case Shell::kZsh: return zsh_script(all);
    case Shell::kFish: return fish_script(all);
  }
  return {};
}

void add_completion_command(Cli& cli) {
  CLI::App* command = cli.app.add_subcommand("completion", "Print a script that completes commands in a shell");
  auto shell = std::make_shared<std::string>();
  add_text(command, "shell", *shell, "as in `source <(mnemo completion bash)`")
      ->required()
      ->check(one_of({"bash", "zsh", "fish"}));
  command->callback([&cli, shell] {
    cli.chosen = [&cli, shell]() -> Result<int> {
      const Shell which = *shell == "zsh" ? Shell::kZsh : *shell == "fish" ? Shell::kFish : Shell::kBash;
      fmt::print("{}", completion_script(cli.app, which));
      return kExitDone;
    };
  });
}

}  // namespace mnemo
