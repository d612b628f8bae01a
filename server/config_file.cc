#include "server/config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "server/cli.h"
#include "server/usage.h"

namespace mnemo {
namespace {

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string default_path() {
  if (const std::string home = environment("XDG_CONFIG_HOME"); !home.empty()) return home + "/mnemo/config.toml";
  const std::string home = environment("HOME");
  return home.empty() ? home : home + "/.config/mnemo/config.toml";
}

// As typed, before or after the command; nullopt: not.
std::optional<std::string> typed_path(const std::vector<std::string>& arguments) {
  constexpr std::string_view kOption = "--config";
  for (size_t i = 1; i < arguments.size() && arguments[i] != "--"; ++i) {
    const std::string_view argument = arguments[i];
    if (argument == kOption) return i + 1 < arguments.size() ? arguments[i + 1] : "";
    if (argument.starts_with(kOption) && argument.substr(kOption.size()).starts_with('=')) {
      return std::string(argument.substr(kOption.size() + 1));
    }
  }
  return std::nullopt;
}

// Every command with a name of its own, "log copy" as such.
void collect(CLI::App& app, const std::vector<std::string>& path, std::vector<std::pair<CLI::App*, std::string>>& out) {
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    std::vector<std::string> own = path;
    own.push_back(command->get_name());
    out.emplace_back(command, fmt::format("{}", fmt::join(own, " ")));
    collect(*command, own, out);
  }
}

// What a shell does with a path, it does not do in a file. nullopt: it begins with a ~ that nothing stands for.
std::optional<std::string> expanded(const std::string& path) {
  if (!path.starts_with('~')) return path;
  const std::string home = environment("HOME");
  if (home.empty() || (path.size() > 1 && path[1] != '/')) return std::nullopt;
  return home + path.substr(1);
}

const CLI::Option* configurable(const CLI::App& command, const std::string& name) {
  if (name == "help" || name == "config") return nullptr;
  return command.get_option_no_throw("--" + name);
}

}  // namespace

// CLI11 hands what this gives to the options that have no value from the command line yet.
class ConfigFile::Reader : public CLI::ConfigTOML {
 public:
  Reader(Cli& cli, std::string path) : cli_(cli), path_(std::move(path)) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    try {
      return items_for_chosen(CLI::ConfigTOML::from_config(input));
    } catch (const CLI::Error& error) {
      refuse(error.what());
    }
    return {};
  }

  void refuse(const std::string& what) const {
    if (!error_) error_ = Error{Code::kInvalidArgument, fmt::format("config file {}: {}", path_, what)};
  }
  const std::optional<Error>& error() const { return error_; }
  const std::set<std::string>& applied() const { return applied_; }

 private:
  std::vector<CLI::ConfigItem> items_for_chosen(std::vector<CLI::ConfigItem> given) const {
    std::erase_if(given, [](const CLI::ConfigItem& item) { return item.name == "++" || item.name == "--"; });
    // Those of a section come first: CLI11 leaves an option alone that has a value.
    std::ranges::stable_partition(given, [](const CLI::ConfigItem& item) { return !item.parents.empty(); });
    std::vector<std::pair<CLI::App*, std::string>> commands;
    collect(cli_.app, {}, commands);
    std::vector<CLI::ConfigItem> out;
    for (const CLI::ConfigItem& item : given) {
      if (item.parents.empty() && item.name == "server") cli_.server_in_file = true;
      if (!check(item, commands)) continue;
      for (const auto& [command, path] : commands) {
        if (command->parsed() && applies(item, *command, path)) out.push_back(addressed(item, *command, path));
      }
    }
    return out;
  }

  static std::string section_of(const CLI::ConfigItem& item) { return fmt::format("{}", fmt::join(item.parents, " ")); }

  bool check(const CLI::ConfigItem& item, const std::vector<std::pair<CLI::App*, std::string>>& commands) const {
    const std::string section = section_of(item);
    std::vector<std::string> names;
    bool section_known = section.empty();
    for (const auto& [command, path] : commands) {
      if (!section.empty() && path != section) continue;
      section_known = true;
      if (configurable(*command, item.name) != nullptr) return true;
      for (const std::string& name : options_of(*command)) names.push_back(name.substr(2));
    }
    const std::string key = item.fullname();
    if (section_known) {
      refuse(fmt::format("'{}' is the name of no option of {}{}", key, section.empty() ? "any command" : section,
                         nearest(item.name, names)));
    } else {
      refuse(fmt::format("'{}': there is no command '{}'", key, section));
    }
    return false;
  }

  // The environment comes before the file.
  static bool applies(const CLI::ConfigItem& item, const CLI::App& command, const std::string& path) {
    const CLI::Option* const option = configurable(command, item.name);
    if (option == nullptr || (!item.parents.empty() && section_of(item) != path)) return false;
    return option->get_envname().empty() || environment(option->get_envname().c_str()).empty();
  }

  void expand(CLI::ConfigItem& item) const {
    for (std::string& value : item.inputs) {
      const std::optional<std::string> whole = expanded(value);
      if (!whole) {
        refuse(fmt::format("'{}' is '{}': only ~ alone and ~/ are understood, and as HOME says; write the path in full",
                           item.name, value));
      }
      value = whole.value_or(value);
    }
  }

  CLI::ConfigItem addressed(const CLI::ConfigItem& item, const CLI::App& command, const std::string& path) const {
    CLI::ConfigItem out = item;
    out.parents = CLI::detail::split(path, ' ');
    if (takes_path(*configurable(command, item.name))) expand(out);
    applied_.insert("--" + item.name);
    return out;
  }

  Cli& cli_;
  const std::string path_;
  mutable std::optional<Error> error_;  // CLI11 asks a constant reader
  mutable std::set<std::string> applied_;
};

ConfigFile::ConfigFile(Cli& cli) {
  const std::optional<std::string> typed = typed_path(cli.arguments);
  const std::string named = typed ? *typed : environment("MNEMO_CONFIG");
  path_ = !named.empty() ? named : default_path();
  reader_ = std::make_shared<Reader>(cli, path_);
  std::error_code error;
  const bool there = !path_.empty() && std::filesystem::exists(path_, error);
  const bool readable = there && !std::filesystem::is_directory(path_, error) && std::ifstream(path_).good();
  if (!readable && (there || !named.empty())) reader_->refuse("cannot be read: is it there, and a file?");
  cli.app.config_formatter(reader_);
  cli.app.set_config("--config", readable ? path_ : "", kConfigAbout)->type_name("FILE");
}

ConfigFile::~ConfigFile() = default;

const std::optional<Error>& ConfigFile::error() const { return reader_->error(); }

std::string ConfigFile::with_origin(std::string message) const {
  const std::string option = message.substr(0, message.find_first_of(": ="));
  return reader_->applied().contains(option) ? fmt::format("config file {}: {}", path_, message) : message;
}

}  // namespace mnemo
