#include "server/memory_options.h"

#include <fmt/format.h>

#include <cmath>

#include "server/json/time_text.h"

namespace mnemo {
namespace {

// Named as the option is; what HTTP calls it, and what empties it.
struct Clearable {
  const char* option;
  const char* field;
  Json nothing;
};

const std::vector<Clearable>& clearables() {
  static const std::vector<Clearable> all = {{"session", "session_id", ""},
                                             {"speaker", "speaker", ""},
                                             {"source", "source", ""},
                                             {"tags", "tags", Json::array()},
                                             {"metadata", "metadata", Json::object()},
                                             {"content", "content", nullptr},
                                             {"expires-at", "expires_at", nullptr}};
  return all;
}

// Text that is a number, as one.
CLI::Validator importance() {
  return {[](const std::string& text) {
            const Result<Json> number = parse_json(text);
            const bool good = number && number->is_number() && number->get<double>() >= 0 && number->get<double>() <= 1;
            return good ? std::string() : fmt::format("'{}' is no number from 0 to 1", text);
          },
          ""};
}

}  // namespace

void add_memory_options(CLI::App* command, MemoryOptions& o) {
  add_text(command, "--session", o.session, "the session that it is from");
  add_text(command, "--speaker", o.speaker, "who said it");
  add_text(command, "--class", o.memory_class, "what sort of memory; episodic when not said")
      ->check(one_of({"episodic", "semantic", "procedural", "working"}));
  add_text(command, "--kind", o.kind, "kind, such as message or fact");
  add_text(command, "--tier", o.tier, "where it stands; short when not said")->check(one_of({"short", "mid", "long"}));
  add_texts(command, "--tag", o.tags, "a tag; may be repeated");
  add_text(command, "--metadata", o.metadata, "JSON object of strings, numbers, true and false");
  add_text(command, "--content", o.content, "any JSON value, kept beside the text");
  add_text(command, "--source", o.source, "where it is from, such as a file or an address");
  add_text(command, "--observed-at", o.observed_at,
           "when it happened, such as 2026-03-02T08:00:00Z, or 2026-03-02 for that day's beginning in UTC");
  add_text(command, "--expires-at", o.expires_at, "when it is to be gone, likewise");
  add_text(command, "--importance", o.importance, "from 0 to 1")->check(importance())->type_name("NUMBER");
  command->add_flag("--pinned", o.pinned, "mark it as one that is to stay");
}

Result<Json> json_of(const MemoryOptions& o) {
  Json json = Json::object();
  const std::string observed_at = time_text(o.observed_at);
  const std::string expires_at = time_text(o.expires_at);
  const std::pair<const char*, const std::string*> texts[] = {
      {"session_id", &o.session}, {"speaker", &o.speaker}, {"class", &o.memory_class},    {"kind", &o.kind},
      {"tier", &o.tier},          {"source", &o.source},   {"observed_at", &observed_at}, {"expires_at", &expires_at}};
  for (const auto& [name, value] : texts) {
    if (!value->empty()) json[name] = *value;
  }
  if (!o.tags.empty()) json["tags"] = o.tags;
  if (!o.metadata.empty()) {
    MNEMO_ASSIGN(json["metadata"], json_of_option("--metadata", o.metadata));
  }
  if (!o.content.empty()) {
    MNEMO_ASSIGN(json["content"], json_of_option("--content", o.content));
  }
  if (!o.importance.empty()) {
    MNEMO_ASSIGN(json["importance"], json_of_option("--importance", o.importance));
  }
  if (o.pinned) json["pinned"] = true;
  return json;
}

const std::vector<std::string>& clearable_fields() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Clearable& each : clearables()) all.emplace_back(each.option);
    return all;
  }();
  return names;
}

Status clear_field(const std::string& field, Json& fields) {
  for (const Clearable& each : clearables()) {
    if (field != each.option) continue;
    if (fields.contains(each.field)) {
      return fail(Code::kInvalidArgument, fmt::format("--clear {}, and a value for it: give one of them", field));
    }
    fields[each.field] = each.nothing;
  }
  return {};
}

}  // namespace mnemo
