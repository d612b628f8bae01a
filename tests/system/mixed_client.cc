#include "tests/system/mixed_client.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <gtest/gtest.h>

#include "server/service/messages.h"

namespace mnemo::mixed_test {
namespace {

using query_test::below;
using query_test::pick;
using v1::Condition;

constexpr uint64_t kComplaintsMax = 5;  // told whole, of each client

// Maps have an order.
std::string bytes_of(const v1::RetrieveResponse& answer) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  MNEMO_CHECK(answer.SerializeToCodedStream(&coded));
  coded.Trim();
  return bytes;
}

v1::RetrieveRequest message_of(const RetrieveRequest& request) {
  v1::RetrieveRequest message;
  message.set_namespace_(request.name_space);
  message.set_agent_id(request.agent_id);
  message.set_query(request.query);
  message.set_limit(request.limit);
  if (request.filter) *message.mutable_filter() = *request.filter;
  if (request.reference_time_ms) set_time(*request.reference_time_ms, *message.mutable_reference_time());
  message.set_context_token_budget(request.context_token_budget);
  message.set_explain(request.explain);
  return message;
}

}  // namespace

Client::Client(World& world, const Popular& popular, uint64_t seed, size_t number)
    : world_(world),
      popular_(popular),
      seed_(seed),
      number_(number),
      session_("writer-" + std::to_string(number)),
      random_(seed * 1000 + number) {}

// Half of the writes are followed by a look at what was written: two ninths, so that a fifth of all are writes.
void Client::run(uint64_t operations) {
  for (uint64_t next_rules = 500; tally_.reads + tally_.writes < operations;) {
    move_clock();
    if (below(random_, 9) < 2) {
      write();
    } else {
      read(popular_.agent(random_));
    }
    if (tally_.reads + tally_.writes >= next_rules) {
      next_rules += 2000;
      ++tally_.rules;
      const PartitionId partition(static_cast<uint32_t>(below(random_, World::kPartitions)));
      world_.activate_rules(partition, 1U << below(random_, 6));
    }
    if (tally_.differences + tally_.unread_writes > 100) return;
  }
}

// A little, and now and then so far that more expires at once than one event does away with.
void Client::move_clock() {
  if (below(random_, 50) == 0) world_.clock().advance_ms(static_cast<int64_t>(below(random_, 1000)));
  if (below(random_, 400) == 0) world_.clock().advance_ms(100'000);
}

void Client::read(size_t agent) {
  RetrieveRequest request = popular_.request(random_, agent);
  request.explain = below(random_, 50) == 0;
  retrieve(request);
}

// Its own memories are nobody else's, and none of them expires: what is there is known.
void Client::see_own(size_t agent) {
  RetrieveRequest request{.name_space = World::kNamespace, .agent_id = Popular::name(agent), .limit = 3};
  request.filter = query_test::condition(Condition::SESSION, Condition::EQ, {session_});
  const std::optional<v1::RetrieveResponse> answer = retrieve(request);
  if (!answer) return;
  ++tally_.own_seen;
  const std::vector<Own>& own = own_[agent];
  std::string expected;
  std::string seen;
  for (size_t i = own.size(); i > 0 && own.size() - i < request.limit; --i) {
    expected += own[i - 1].id + "@" + std::to_string(own[i - 1].version) + " ";
  }
  for (const auto& result : answer->results()) {
    seen += result.memory().id() + "@" + std::to_string(result.memory().version()) + " ";
  }
  if (seen == expected) return;
  complain(tally_.unread_writes, "own memories are not seen: " + seen + "instead of " + expected, request);
}

std::optional<v1::RetrieveResponse> Client::retrieve(const RetrieveRequest& request) {
  ++tally_.reads;
  v1::RetrieveRequest message = message_of(request);
  message.set_no_cache(below(random_, 100) == 0);
  const PartitionId partition = world_.partition_for(request.agent_id);
  const std::string& last_write = last_write_[partition.value];
  if (!last_write.empty() && below(random_, 2) == 0) message.add_min_position(last_write);
  const uint64_t acknowledged = world_.acknowledged(partition);
  Result<v1::RetrieveResponse> answer = world_.ask(&Service::retrieve, std::move(message));
  if (!answer) {
    complain(tally_.differences, "refused: " + answer.error().message, request);
    return std::nullopt;
  }
  const Position position = parse_position(answer->position()).value();
  if (position.partition != partition || position.offset < acknowledged) {
    complain(
        tally_.unread_writes,
        "answered at " + answer->position() + ", acknowledged before it was asked for: " + std::to_string(acknowledged),
        request);
  }
  compare(request, *answer);
  return *std::move(answer);
}

void Client::compare(const RetrieveRequest& request, const v1::RetrieveResponse& answer) {
  auto expected = world_.uncached(parse_position(answer.position()).value(), request);
  if (!expected) {
    ++tally_.not_compared;
    return;
  }
  ++tally_.compared;
  tally_.compared_cached += answer.cached() ? 1 : 0;
  if (!*expected) return complain(tally_.differences, "the engine: " + expected->error().message, request);
  (*expected)->set_cached(answer.cached());
  if (bytes_of(answer) == bytes_of(**expected)) return;
  complain(tally_.differences,
           "answered:\n" + answer.Utf8DebugString() + "the engine:\n" + (*expected)->Utf8DebugString(), request);
}

void Client::complain(uint64_t& count, const std::string& what, const RetrieveRequest& request) {
  if (++count > kComplaintsMax) return;
  ADD_FAILURE() << "seed " << seed_ << ", client " << number_ << ", operation " << tally_.reads + tally_.writes << "\n"
                << message_of(request).Utf8DebugString() << what;
}

}  // namespace mnemo::mixed_test
