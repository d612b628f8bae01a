#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "events/clock.h"
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

  Result<std::optional<v1::Envelope>> next() override {
    while (sample_ < samples_.size()) {
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
        MNEMO_ASSIGN(v1::Envelope envelope, turn_envelope(conversation, session, turns[turn], turn));
        return std::optional(std::move(envelope));
      }
      ++session_;
      turn_ = 0;
    }
    return std::nullopt;
  }

  std::string where() const override {
    const std::string sample =
        sample_ < samples_.size() ? samples_[sample_].value("sample_id", std::string("?")) : "end";
    return fmt::format("{}, session {}, turn {}", sample, session_, turn_);
  }

  int progress_permille() const override {
    return samples_.empty() ? 1000 : static_cast<int>(sample_ * 1000 / samples_.size());
  }

 private:
  Result<v1::Envelope> turn_envelope(const Json& conversation, const std::string& session, const Json& turn,
                                     size_t number) const {
    const std::string agent = samples_[sample_].at("sample_id").get<std::string>();
    const std::string dia_id = turn.at("dia_id").get<std::string>();
    MNEMO_ASSIGN(const TimestampMs start,
                 parse_session_time(conversation.at(session + "_date_time").get<std::string>()));
    std::string text = turn.at("text").get<std::string>();
    const std::string caption = turn.value("blip_caption", std::string());
    if (!caption.empty()) text += " [" + caption + "]";

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
};

// Fields are read with at(), which throws where a file is not LoCoMo's: told as an error of the input.
class GuardedSource final : public ImportSource {
 public:
  explicit GuardedSource(std::unique_ptr<ImportSource> inner) : inner_(std::move(inner)) {}
  Result<std::optional<v1::Envelope>> next() override try {
    return inner_->next();
  } catch (const Json::exception& error) {
    return fail(Code::kInvalidArgument, fmt::format("this is not a LoCoMo file: {}", error.what()));
  }
  std::string where() const override { return inner_->where(); }
  int progress_permille() const override { return inner_->progress_permille(); }

 private:
  std::unique_ptr<ImportSource> inner_;
};

}  // namespace

Result<std::unique_ptr<ImportSource>> open_locomo(const std::string& path, const std::string& name_space) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Code::kNotFound, fmt::format("cannot open {}", path));
  std::ostringstream text;
  text << file.rdbuf();
  MNEMO_ASSIGN(Json samples, parse_json(text.str()));
  if (!samples.is_array()) return fail(Code::kInvalidArgument, "a LoCoMo file is a list of conversations");
  return std::make_unique<GuardedSource>(std::make_unique<LocomoSource>(std::move(samples), name_space));
}

}  // namespace mnemo
