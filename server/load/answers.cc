#include "server/load/answers.h"

#include <google/protobuf/util/time_util.h>

#include <nlohmann/json.hpp>

#include "events/clock.h"
#include "server/json/parse.h"

namespace mnemo {
namespace {

// Counts what stands in `results`, without making values of it: at a high rate that costs less than what asks for it.
class ResultCounter final : public nlohmann::json_sax<Json> {
 public:
  explicit ResultCounter(LoadAnswer& answer) : answer_(answer) {}

  bool null() override { return true; }
  bool boolean(bool value) override {
    if (at_result() && key_ == "duplicate" && value) ++answer_.duplicates;
    if (at_result() && key_ == "pending" && value) ++answer_.pending;
    if (depth_ == 1 && key_ == "cached") answer_.cached = value;
    return true;
  }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& value) override {
    if (in_error_ && depth_ == kResultDepth + 1 && key_ == "code") ++answer_.errors[code_named(value)];
    return true;
  }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(size_t /*size*/) override {
    in_error_ = at_result() && key_ == "error";
    ++depth_;
    if (at_result()) ++answer_.results;
    return true;
  }
  bool key(string_t& value) override {
    if (depth_ == 1) in_results_ = value == "results";
    std::swap(key_, value);
    return true;
  }
  bool end_object() override { return end(); }
  bool start_array(size_t /*size*/) override {
    ++depth_;
    return true;
  }
  bool end_array() override { return end(); }
  bool parse_error(size_t /*at*/, const std::string& /*token*/, const nlohmann::detail::exception& /*e*/) override {
    return false;
  }

 private:
  static constexpr int kResultDepth = 3;  // {"results": [{
  bool at_result() const { return in_results_ && depth_ == kResultDepth; }
  bool end() {
    --depth_;
    in_error_ = false;
    return true;
  }

  LoadAnswer& answer_;
  int depth_ = 0;
  bool in_results_ = false;
  bool in_error_ = false;
  std::string key_;
};

Json memory_json(const v1::MemoryInput& m) {
  Json json = {{"namespace", m.namespace_()},
               {"agent_id", m.agent_id()},
               {"text", m.text()},
               {"session_id", m.session_id()},
               {"speaker", m.speaker()},
               {"kind", m.kind()},
               {"observed_at", to_rfc3339(google::protobuf::util::TimeUtil::TimestampToMilliseconds(m.observed_at()))},
               {"idempotency_key", m.idempotency_key()}};
  for (const auto& [key, value] : m.metadata()) json["metadata"][key] = value.text();
  return json;
}

Code code_of_error(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  const auto error = json.is_object() ? json.find("error") : json.end();
  const bool known = json.is_object() && error != json.end() && error->is_object() && error->contains("code") &&
                     error->at("code").is_string();
  return known ? code_named(error->at("code").get<std::string>()) : Code::kUnknown;
}

}  // namespace

Code code_named(std::string_view name) {
  for (int number = 1; number <= static_cast<int>(Code::kUnauthenticated); ++number) {
    if (code_name(static_cast<Code>(number)) == name) return static_cast<Code>(number);
  }
  return Code::kUnknown;
}

LoadAnswer load_answer(const v1::RememberResponse& response) {
  LoadAnswer answer;
  answer.acknowledged = response.duplicate() ? 0 : 1;
  answer.duplicates = response.duplicate() ? 1 : 0;
  answer.pending = response.pending() ? 1 : 0;
  return answer;
}

LoadAnswer load_answer(const v1::RememberBatchResponse& response) {
  LoadAnswer answer;
  for (const auto& result : response.results()) {
    if (result.has_error()) {
      ++answer.errors[code_named(result.error().code())];
      continue;
    }
    const LoadAnswer one = load_answer(result.remembered());
    answer.acknowledged += one.acknowledged;
    answer.duplicates += one.duplicates;
    answer.pending += one.pending;
  }
  return answer;
}

LoadAnswer load_answer(const v1::RetrieveResponse& response) {
  LoadAnswer answer;
  answer.results = static_cast<uint64_t>(response.results_size());
  answer.cached = response.cached();
  return answer;
}

LoadAnswer load_answer(const LoadRequest& request, unsigned http_status, const std::string& body) {
  LoadAnswer answer;
  if (http_status >= 300) return LoadAnswer::failed(code_of_error(body));
  if (std::holds_alternative<v1::RememberRequest>(request)) {
    answer.duplicates = http_status == 200 ? 1 : 0;
    answer.acknowledged = 1 - answer.duplicates;
    answer.pending = http_status == 202 ? 1 : 0;
    return answer;
  }
  ResultCounter counter(answer);
  if (!Json::sax_parse(body, &counter)) return LoadAnswer::failed(Code::kInternal);
  if (std::holds_alternative<v1::RetrieveRequest>(request)) return answer;
  uint64_t refused = 0;
  for (const auto& [code, times] : answer.errors) refused += times;
  answer.acknowledged = std::exchange(answer.results, 0) - refused - answer.duplicates;
  return answer;
}

HttpPost http_post(const LoadRequest& request) {
  if (const auto* const one = std::get_if<v1::RememberRequest>(&request)) {
    return {"/v1/memories", json_text(memory_json(one->memory()))};
  }
  if (const auto* const batch = std::get_if<v1::RememberBatchRequest>(&request)) {
    Json memories = Json::array();
    for (const v1::MemoryInput& memory : batch->memories()) memories.push_back(memory_json(memory));
    return {"/v1/memories:batch", json_text({{"memories", std::move(memories)}})};
  }
  const auto& question = std::get<v1::RetrieveRequest>(request);
  return {"/v1/retrieve", json_text({{"namespace", question.namespace_()},
                                     {"agent_id", question.agent_id()},
                                     {"query", question.query()},
                                     {"limit", question.limit()},
                                     {"no_cache", question.no_cache()}})};
}

}  // namespace mnemo
