// What clients write.
#include <gtest/gtest.h>

#include "server/service/messages.h"
#include "tests/system/mixed_client.h"

namespace mnemo::mixed_test {
namespace {

using query_test::below;
using query_test::condition;
using query_test::Draft;
using query_test::pick;
using v1::Condition;

constexpr TimestampMs kStartMs = 1'700'000'000'000;
constexpr size_t kPassingMax = 2000;
constexpr uint64_t kPassingMs = 300'000;

v1::Filter both(const v1::Filter& one, const v1::Filter& other) {
  v1::Filter filter;
  *filter.mutable_and_()->add_filters() = one;
  *filter.mutable_and_()->add_filters() = other;
  return filter;
}

v1::MetadataValue value_of(const query_test::DraftValue& from) {
  v1::MetadataValue value;
  switch (from.type) {
    case MetadataView::Type::kText: value.set_text(from.text); break;
    case MetadataView::Type::kNumber: value.set_number(from.number); break;
    case MetadataView::Type::kFlag: value.set_flag(from.flag); break;
  }
  return value;
}

}  // namespace

template <typename Request>
Request Client::scoped(size_t agent) const {
  Request request;
  request.set_namespace_(World::kNamespace);
  request.set_agent_id(Popular::name(agent));
  return request;
}

// nullopt: the memory is gone.
template <typename Request, typename Response>
std::optional<Response> Client::ask_write(void (Service::*method)(const Call&, Request, Reply<Response>),
                                          Request request) {
  ++tally_.writes;
  const Result<Response> response = world_.ask(method, request);
  if (!response) {
    EXPECT_EQ(response.error().code, Code::kNotFound) << response.error().message << request.Utf8DebugString();
    ++tally_.refused;
    return std::nullopt;
  }
  const Position position = parse_position(response->position()).value();
  world_.acknowledge(position);
  last_write_[position.partition.value] = response->position();
  return *response;
}

v1::RememberRequest Client::input(const Draft& draft, size_t agent) {
  v1::RememberRequest request;
  v1::MemoryInput& memory = *request.mutable_memory();
  memory.set_namespace_(World::kNamespace);
  memory.set_agent_id(Popular::name(agent));
  memory.set_text(draft.text.empty() ? "?!" : draft.text);
  memory.set_session_id(draft.session);
  memory.set_speaker(draft.speaker);
  memory.set_kind(draft.kind);
  memory.set_class_(static_cast<v1::MemoryClass>(draft.memory_class));
  memory.set_tier(static_cast<v1::Tier>(draft.tier));
  set_time(draft.observed_at_ms, *memory.mutable_observed_at());
  if (draft.expires_at_ms != 0) set_time(draft.expires_at_ms, *memory.mutable_expires_at());
  for (const std::string& tag : draft.tags) memory.add_tags(tag);
  for (const query_test::DraftValue& value : draft.metadata) (*memory.mutable_metadata())[value.key] = value_of(value);
  return request;
}

void Client::write() {
  const size_t agent = below(random_, 2) == 0 ? popular_.agent(random_) : below(random_, Popular::kAgents);
  switch (below(random_, 20)) {
    case 0:
    case 1: update_own(agent); break;
    case 2: update_passing(); break;
    case 3:
    case 4: forget_own(agent); break;
    case 5: forget_passing(); break;
    case 6: forget_by_filter(); break;
    case 7:
    case 8: link_own(agent); break;
    case 9:
    case 10:
    case 11:
    case 12: remember_passing(agent); break;
    default: remember_own(agent);
  }
  if (below(random_, 2) == 0) see_own(agent);
}

void Client::remember_own(size_t agent) {
  Draft draft = query_test::random_draft(random_, "");
  draft.session = session_;
  draft.observed_at_ms = kStartMs + static_cast<TimestampMs>(++serial_);
  v1::RememberRequest request = input(draft, agent);
  if (below(random_, 8) == 0) {
    request.mutable_memory()->set_idempotency_key(session_ + "-" + std::to_string(serial_));
  }
  const auto response = ask_write(&Service::remember, request);
  if (!response) return;
  own_[agent].push_back({response->memory_id(), 1, draft.observed_at_ms});
  if (request.memory().idempotency_key().empty()) return;
  const auto again = ask_write(&Service::remember, request);
  EXPECT_TRUE(again && again->duplicate());
}

void Client::remember_passing(size_t agent) {
  Draft draft = query_test::random_draft(random_, "");
  if (below(random_, 2) == 0) {
    draft.expires_at_ms = world_.clock().now_ms() + 1 + static_cast<TimestampMs>(below(random_, kPassingMs));
  }
  const auto response = ask_write(&Service::remember, input(draft, agent));
  if (!response) return;
  if (passing_.size() < kPassingMax) {
    passing_.emplace_back(agent, response->memory_id());
  } else {
    passing_[below(random_, kPassingMax)] = {agent, response->memory_id()};
  }
}

void Client::update_own(size_t agent) {
  std::vector<Own>& own = own_[agent];
  if (own.empty()) return remember_own(agent);
  // The newest are those that see_own() sees.
  Own& one = own[own.size() - 1 - below(random_, std::min<size_t>(own.size(), 4))];
  auto request = scoped<v1::UpdateMemoryRequest>(agent);
  request.set_id(one.id);
  if (below(random_, 2) == 0) request.set_expected_version(one.version);
  request.set_text(query_test::random_question(random_));
  request.set_tier(static_cast<v1::Tier>(1 + below(random_, 3)));
  if (below(random_, 2) == 0) request.mutable_tags()->add_values("home");
  const auto response = ask_write(&Service::update, request);
  EXPECT_TRUE(response && response->memory().version() == one.version + 1) << "seed " << seed_;
  ++one.version;
}

void Client::update_passing() {
  if (passing_.empty()) return remember_passing(popular_.agent(random_));
  const auto& [agent, id] = pick(random_, passing_);
  auto request = scoped<v1::UpdateMemoryRequest>(agent);
  request.set_id(id);
  if (below(random_, 2) == 0) {
    set_time(world_.clock().now_ms() + static_cast<TimestampMs>(below(random_, kPassingMs)),
             *request.mutable_expires_at());
  } else {
    request.set_text(query_test::random_question(random_));
  }
  ask_write(&Service::update, request);
}

void Client::forget_own(size_t agent) {
  std::vector<Own>& own = own_[agent];
  if (own.empty()) return remember_own(agent);
  const size_t at = own.size() - 1 - below(random_, std::min<size_t>(own.size(), 4));
  auto request = scoped<v1::ForgetMemoryRequest>(agent);
  request.set_id(own[at].id);
  EXPECT_TRUE(ask_write(&Service::forget, request)) << "seed " << seed_;
  own.erase(own.begin() + static_cast<std::ptrdiff_t>(at));
}

void Client::forget_passing() {
  if (passing_.empty()) return remember_passing(popular_.agent(random_));
  const auto& [agent, id] = pick(random_, passing_);
  auto request = scoped<v1::ForgetMemoryRequest>(agent);
  request.set_id(id);
  ask_write(&Service::forget, request);
}

// Of anybody alike: it looks at every document, and would take ever longer about those who have most.
void Client::forget_by_filter() {
  const size_t agent = below(random_, Popular::kAgents);
  below(random_, 3) == 0 ? forget_older_half(agent) : forget_some_passing(agent);
}

void Client::forget_older_half(size_t agent) {
  std::vector<Own>& own = own_[agent];
  if (own.empty()) return remember_own(agent);
  const auto half = own.begin() + static_cast<std::ptrdiff_t>((own.size() + 1) / 2);
  auto request = scoped<v1::ForgetByFilterRequest>(agent);
  *request.mutable_filter() =
      both(condition(Condition::SESSION, Condition::EQ, {session_}),
           query_test::time_condition(Condition::OBSERVED_AT, Condition::LTE, {(half - 1)->observed_at_ms}));
  const auto response = ask_write(&Service::forget_by_filter, request);
  EXPECT_TRUE(response && response->forgotten() == static_cast<uint64_t>(half - own.begin())) << "seed " << seed_;
  own.erase(own.begin(), half);
}

// Of nobody's own: those are of other sessions.
void Client::forget_some_passing(size_t agent) {
  auto request = scoped<v1::ForgetByFilterRequest>(agent);
  *request.mutable_filter() =
      both(condition(Condition::SESSION, Condition::EQ, {pick(random_, std::vector<std::string>{"s1", "s2", "s10"})}),
           query_test::random_filter(random_, 1));
  EXPECT_TRUE(ask_write(&Service::forget_by_filter, request)) << "seed " << seed_;
}

void Client::link_own(size_t agent) {
  const std::vector<Own>& own = own_[agent];
  if (own.size() < 2) return remember_own(agent);
  const size_t from = below(random_, own.size());
  const std::string& to = own[(from + 1 + below(random_, own.size() - 1)) % own.size()].id;
  auto request = scoped<v1::LinkMemoriesRequest>(agent);
  request.set_id(own[from].id);
  request.set_to(to);
  request.set_type("related");
  EXPECT_TRUE(ask_write(&Service::link, request)) << "seed " << seed_;
  if (below(random_, 2) == 0) return;
  auto back = scoped<v1::UnlinkMemoriesRequest>(agent);
  back.set_id(own[from].id);
  back.set_to(to);
  back.set_type("related");
  EXPECT_TRUE(ask_write(&Service::unlink, back)) << "seed " << seed_;
}

}  // namespace mnemo::mixed_test
