#include "server/service/key_lines.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "events/envelope.h"
#include "events/ids.h"

namespace mnemo {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kHashBytes = 32;
constexpr std::string_view kEvery = "*";
constexpr std::array<std::string_view, 4> kFields = {"name", "key_hash", "namespaces", "rights"};

tl::unexpected<Error> invalid(std::string message) { return fail(Code::kInvalidArgument, std::move(message)); }

// A JSON object with each name once; nlohmann would keep the last of two in silence.
Result<Json> parse_object(std::string_view line) {
  size_t names = 0;
  const auto count = [&](int depth, Json::parse_event_t event, const Json&) {
    names += depth == 1 && event == Json::parse_event_t::key ? 1 : 0;
    return true;
  };
  Json json = Json::parse(line, count, /*allow_exceptions=*/false);
  if (!json.is_object()) return invalid("this is no JSON object");
  if (names != json.size()) return invalid("a field is given twice");
  return json;
}

Result<std::vector<std::string>> strings(const Json& json, std::string_view field) {
  const auto wrong = [&] { return invalid(fmt::format("'{}' must be a list of one string or more", field)); };
  if (!json.is_array() || json.empty()) return wrong();
  std::vector<std::string> all;
  for (const Json& one : json) {
    if (!one.is_string()) return wrong();
    all.push_back(one.get<std::string>());
  }
  std::sort(all.begin(), all.end());
  if (const auto twice = std::adjacent_find(all.begin(), all.end()); twice != all.end()) {
    return invalid(fmt::format("'{}' has '{}' twice", field, *twice));
  }
  return all;
}

Status read_rights(const Json& json, Principal& principal) {
  MNEMO_ASSIGN(const auto rights, strings(json, "rights"));
  principal.read = principal.write = principal.admin = false;
  for (const std::string& right : rights) {
    if (right == "read") {
      principal.read = true;
    } else if (right == "write") {
      principal.write = true;
    } else if (right == "admin") {
      principal.admin = true;
    } else {
      return invalid(fmt::format("'rights' has '{}': the rights are read, write and admin", right));
    }
  }
  return {};
}

Status read_namespaces(const Json& json, Principal& principal) {
  MNEMO_ASSIGN(principal.namespaces, strings(json, "namespaces"));
  principal.every_namespace = principal.namespaces.front() == kEvery;
  if (!principal.every_namespace) return {};
  if (principal.namespaces.size() > 1) return invalid("'namespaces' has '*' beside others: '*' is all of them");
  principal.namespaces.clear();
  return {};
}

Result<KeyEntry> parse_line(std::string_view line) {
  MNEMO_ASSIGN(const Json json, parse_object(line));
  for (const auto& [name, value] : json.items()) {
    if (std::find(kFields.begin(), kFields.end(), name) == kFields.end()) {
      return invalid(fmt::format("'{}' is no field of a key: it has name, key_hash, namespaces and rights", name));
    }
  }
  for (const std::string_view name : kFields) {
    if (!json.contains(name)) return invalid(fmt::format("'{}' is missing", name));
  }
  KeyEntry entry;
  if (!json["name"].is_string()) return invalid("'name' must be a string");
  entry.principal.name = json["name"].get<std::string>();
  const auto hash = from_hex(json["key_hash"].is_string() ? json["key_hash"].get<std::string>() : "");
  if (!hash || hash->size() != kHashBytes) return invalid("'key_hash' must be 64 hex digits");
  entry.hash = *hash;
  MNEMO_TRY(read_namespaces(json["namespaces"], entry.principal));
  MNEMO_TRY(read_rights(json["rights"], entry.principal));
  MNEMO_TRY(check_key_principal(entry.principal));
  return entry;
}

}  // namespace

Status check_key_principal(const Principal& principal) {
  // A name is an actor, whose rules are those of an agent id.
  if (!validate_scope("n", principal.name)) {
    return invalid(
        fmt::format("'name' must be 1 to {} bytes of UTF-8 without control characters", kPrincipalNameBytesMax));
  }
  if (!principal.read && !principal.write && !principal.admin) return invalid("'rights' is empty: a key needs one");
  if (!principal.every_namespace && principal.namespaces.empty()) return invalid("'namespaces' is empty: '*' is all");
  for (const std::string& name_space : principal.namespaces) {
    if (auto status = validate_scope(name_space, "a"); !status)
      return invalid("'namespaces': " + status.error().message);
    if (name_space == kEvery) return invalid("'namespaces' has '*' beside others: '*' is all of them");
  }
  return {};
}

std::string key_hash(std::string_view key) {
  std::string hash(kHashBytes, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                     reinterpret_cast<const unsigned char*>(key.data()), key.size(), nullptr, 0);
  return hash;
}

std::string key_line(const KeyEntry& entry) {
  Json rights = Json::array();
  if (entry.principal.read) rights.push_back("read");
  if (entry.principal.write) rights.push_back("write");
  if (entry.principal.admin) rights.push_back("admin");
  const std::vector<std::string> every = {std::string(kEvery)};
  const Json line = {{"name", entry.principal.name},
                     {"key_hash", to_hex(entry.hash)},
                     {"namespaces", entry.principal.every_namespace ? every : entry.principal.namespaces},
                     {"rights", rights}};
  return line.dump() + "\n";
}

Result<std::vector<KeyEntry>> parse_key_lines(std::string_view text) {
  std::vector<KeyEntry> entries;
  std::set<std::string> names;
  std::set<std::string> hashes;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const auto at_line = [&](std::string_view what) { return invalid(fmt::format("line {}: {}", number, what)); };
    auto entry = parse_line(line);
    if (!entry) return at_line(entry.error().message);
    if (!names.insert(entry->principal.name).second) {
      return at_line(fmt::format("'{}' is the name of a line before it: give each key its own", entry->principal.name));
    }
    if (!hashes.insert(entry->hash).second) return at_line("this key_hash is in a line before it: make a key for each");
    if (entries.size() == kKeysMax) return at_line(fmt::format("there are more than {} keys: take some out", kKeysMax));
    entries.push_back(std::move(*entry));
  }
  return entries;
}

}  // namespace mnemo
