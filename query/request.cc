#include "query/request.h"

#include <string>

#include "events/rules.h"

namespace mnemo {
namespace {

const Rules& build_rules() {
  static const Rules rules = [] {
    Result<Rules> made = next_rules(Rules{}, default_rules(0));
    MNEMO_CHECK(made.has_value());
    return *std::move(made);
  }();
  return rules;
}

}  // namespace

Status check_limit(uint32_t limit) {
  if (limit >= 1 && limit <= kResultsMax) return {};
  return fail(Code::kInvalidArgument,
              "limit is " + std::to_string(limit) + ": give a number from 1 to " + std::to_string(kResultsMax));
}

Status check_filter(const std::optional<v1::Filter>& filter) {
  return filter ? validate_filter(*filter, build_rules()) : Status{};
}

Status check_request(const RetrieveRequest& request) {
  MNEMO_TRY(validate_scope(request.name_space, request.agent_id));
  MNEMO_TRY(check_limit(request.limit));
  if (request.query.size() > kQueryBytesMax) {
    return fail(Code::kInvalidArgument, "query has " + std::to_string(request.query.size()) + " bytes: shorten it to " +
                                            std::to_string(kQueryBytesMax));
  }
  if (!is_utf8(request.query)) return fail(Code::kInvalidArgument, "query is not UTF-8: send it encoded as UTF-8");
  if (request.context_token_budget > kContextTokensMax) {
    return fail(Code::kInvalidArgument, "context_token_budget is " + std::to_string(request.context_token_budget) +
                                            ": give " + std::to_string(kContextTokensMax) + " at most");
  }
  return check_filter(request.filter);
}

}  // namespace mnemo
