#include "server/json/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "events/envelope.h"

namespace mnemo {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr size_t kExcerptBytes = 64;
constexpr size_t kReasonBytes = 160;

std::string cut(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

// "[json.exception.parse_error.101] parse error at line 1, column 3: syntax error while ... - REASON". The reason
// repeats the bytes that were read last, which may end within a character.
std::string reason_of(const Json::exception& error) {
  const std::string_view text = error.what();
  const size_t dash = text.find(" - ");
  const size_t bracket = text.find("] ");
  const size_t start = dash != std::string_view::npos ? dash + 3 : bracket != std::string_view::npos ? bracket + 2 : 0;
  std::string reason = cut(text.substr(start), kReasonBytes);
  std::replace_if(reason.begin(), reason.end(), [](unsigned char c) { return c >= 0x80; }, '?');
  return reason;
}

// Builds the value. The library's own builder looks through all members of an object for each new one, which a large
// object makes quadratic, and keeps the last of two members of one name.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(size_t depth_max) : depth_max_(depth_max) {}

  bool null() override { return put({}); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(int64_t value) override { return put(value); }
  bool number_unsigned(uint64_t value) override { return put(value); }
  bool number_float(double value, const std::string& text) override {
    if (text.find_first_of(".eE") != std::string::npos) return put(value);
    return refuse(fmt::format("{} is a whole number that 64 bits do not hold: give it as a string", excerpt(text)));
  }
  bool string(std::string& value) override { return put(std::move(value)); }
  bool binary(Json::binary_t&) override { return refuse("this is not JSON"); }

  bool start_object(size_t) override { return open(Json::object()); }
  bool key(std::string& name) override {
    if (!open_.back().names.insert(name).second) {
      return refuse(fmt::format("'{}' is given twice: give it once", excerpt(name)));
    }
    name_ = std::move(name);
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }

  bool parse_error(size_t byte, const std::string&, const Json::exception& error) override {
    return refuse(fmt::format("this is not JSON, at byte {}: {}", byte, reason_of(error)));
  }

  Result<Json> finish() && {
    if (!wrong_.empty()) return fail(Code::kInvalidArgument, std::move(wrong_));
    return std::move(root_);
  }

 private:
  struct Open {
    Json* value;
    std::set<std::string> names;
  };

  bool refuse(std::string why) {
    wrong_ = std::move(why);
    return false;
  }

  Json& add(Json value) {
    if (open_.empty()) return root_ = std::move(value);
    Json& parent = *open_.back().value;
    if (parent.is_array()) return parent.get_ref<Json::array_t&>().emplace_back(std::move(value));
    auto& members = static_cast<Json::object_t::Container&>(parent.get_ref<Json::object_t&>());
    return members.emplace_back(std::move(name_), std::move(value)).second;
  }
  bool put(Json value) {
    add(std::move(value));
    return true;
  }
  bool open(Json value) {
    if (open_.size() == depth_max_) {
      return refuse(fmt::format("the JSON is nested deeper than {} levels", depth_max_));
    }
    open_.push_back({&add(std::move(value)), {}});
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  size_t depth_max_;
  Json root_;
  std::vector<Open> open_;  // what is open is the last value of what holds it, so no value moves while it is open
  std::string name_;
  std::string wrong_;
};

}  // namespace

Result<Json> parse_json(std::string_view text, size_t depth_max) try {
  if (text.starts_with(kByteOrderMark)) {
    return fail(Code::kInvalidArgument, "the JSON starts with a byte order mark: send it without one");
  }
  if (!is_utf8(text)) return fail(Code::kInvalidArgument, "the JSON is not UTF-8: send it as UTF-8");
  // The parser takes one for the end of the text, whatever follows.
  if (const size_t zero = text.find('\0'); zero != std::string_view::npos) {
    return fail(Code::kInvalidArgument, fmt::format("this is not JSON, at byte {}: a zero byte", zero + 1));
  }
  Builder builder(depth_max);
  Json::sax_parse(text, &builder);
  return std::move(builder).finish();
} catch (const Json::exception& error) {
  return fail(Code::kInvalidArgument, fmt::format("this is not JSON: {}", reason_of(error)));
}

std::string json_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string excerpt(std::string_view text) { return cut(text, kExcerptBytes); }

}  // namespace mnemo
