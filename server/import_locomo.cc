#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <sstream>

#include "events/clock.h"
#include "server/file.h"
#include "server/import.h"
#include "server/json_memory.h"

namespace mnemo {
namespace {

// "1:56 pm on 8 May, 2023", which LoCoMo writes for the start of a session; taken as UTC.
Result<TimestampMs> parse_session_time(const std::string& text) {
  static constexpr std::array<const char*, 12> kMonths = {"January",   "February", "March",    "April",
                                                          "May",       "June",     "July",     "August",
                                                          "September", "October",  "November", "December"};
  int hour = 0;
  int minute = 0;
  int day = 0;
  int year = 0;
  char half[3] = "";
  char month[16] = "";
  const bool shaped =
      std::sscanf(text.c_str(), "%d:%d %2s on %d %15[A-Za-z], %d", &hour, &minute, half, &day, month, &year) == 6;
  size_t number = 0;
  while (number < kMonths.size() && std::string_view(kMonths[number]) != month) ++number;
  const std::string_view part(half);
  const bool valid = shaped && number < kMonths.size() && (part == "am" || part == "pm") && hour >= 1 && hour <= 12;
  if (!valid) return fail(Code::kInvalidArgument, fmt::format("'{}' is no session time", text));
  const int hour24 = hour % 12 + (part == "pm" ? 12 : 0);
  return parse_rfc3339(fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:00Z", year, number + 1, day, hour24, minute));
}

class LocomoSource final : public ImportSource {
 public:
  LocomoSource(Json samples, std::string name_space)
      : samples_(std::move(samples)), name_space_(std::move(name_space)) {}

  // Fields are read with at(), which throws where a file is not LoCoMo's.
  Result<std::optional<v1::Envelope>> next() override try {
    Result<std::optional<v1::Envelope>> turn = next_turn();
    if (turn) return turn;
    return fail(turn.error().code, fmt::format("{}: {}", where_, turn.error().message));
  } catch (const Json::exception& error) {
    return fail(Code::kInvalidArgument, fmt::format("{}: this is not LoCoMo's form: {}", where_, error.what()));
  }

  std::string where() const override { return where_; }

  int progress_permille() const override {
    return samples_.empty() ? 1000 : static_cast<int>(sample_ * 1000 / samples_.size());
  }

 private:
  Result<std::optional<v1::Envelope>> next_turn() {
    while (sample_ < samples_.size()) {
      where_ = fmt::format("conversation {}", sample_ + 1);
      const Json& conversation = samples_[sample_].at("conversation");
      const std::string session = fmt::format("session_{}", session_);
      if (!conversation.contains(session)) {
        ++sample_;
        session_ = 1;
        turn_ = 0;
        continue;
      }
      const Json& turns = conversation[session];
      if (turn_ < turns.size()) {
        const size_t turn = turn_++;
        where_ += fmt::format(", {}, turn {}", session, turn_);
        MNEMO_ASSIGN(v1::Envelope envelope, turn_envelope(conversation, session, turns[turn], turn));
        return std::optional(std::move(envelope));
      }
      ++session_;
      turn_ = 0;
    }
    return std::nullopt;
  }

  Result<v1::Envelope> turn_envelope(const Json& conversation, const std::string& session, const Json& turn,
                                     size_t number) const {
    const std::string agent = samples_[sample_].at("sample_id").get<std::string>();
    const std::string dia_id = turn.at("dia_id").get<std::string>();
    MNEMO_ASSIGN(const TimestampMs start,
                 parse_session_time(conversation.at(session + "_date_time").get<std::string>()));
    std::string text = turn.at("text").get<std::string>();
    const auto caption = turn.find("blip_caption");
    const bool captioned =
        caption != turn.end() && caption->is_string() && !caption->get_ref<const std::string&>().empty();
    if (captioned) text += " [" + caption->get<std::string>() + "]";

    v1::Envelope envelope;
    envelope.set_namespace_(name_space_);
    envelope.set_agent_id(agent);
    envelope.set_idempotency_key(agent + "/" + dia_id);
    v1::Remembered& e = *envelope.mutable_remembered();
    e.mutable_text()->set_plain(text);
    e.set_speaker(turn.at("speaker").get<std::string>());
    e.set_session_id(session);
    e.set_observed_at_ms(start + static_cast<int64_t>(number) * 1000);
    e.set_class_(v1::MEMORY_CLASS_EPISODIC);
    e.set_kind("message");
    v1::MetadataEntry& entry = *e.add_metadata();
    entry.set_key("dia_id");
    entry.mutable_text()->set_plain(dia_id);
    return envelope;
  }

  Json samples_;
  std::string name_space_;
  size_t sample_ = 0;
  size_t session_ = 1;
  size_t turn_ = 0;
  std::string where_ = "conversation 1";
};

}  // namespace

Result<std::unique_ptr<ImportSource>> open_locomo(const std::string& path, const std::string& name_space) {
  MNEMO_ASSIGN(const auto file, open_file(path));
  std::ostringstream text;
  text << file->rdbuf();
  if (file->bad()) return fail(Code::kUnavailable, fmt::format("cannot read {} to its end", path), true);
  MNEMO_ASSIGN(Json samples, parse_json(text.str()));
  if (!samples.is_array()) return fail(Code::kInvalidArgument, "a LoCoMo file is a list of conversations");
  return std::make_unique<LocomoSource>(std::move(samples), name_space);
}

}  // namespace mnemo
