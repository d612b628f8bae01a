// Good requests: what reaches the service is, field by field, what was said.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "tests/server/http_door.h"

namespace mnemo {
namespace {

constexpr std::string_view kScope = "?namespace=n&agent_id=a";

// Whether the service was asked this method once, with this message.
template <typename Request>
void expect_asked(const HttpDoor& door, const std::string& method, const std::string& text) {
  Request expected;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &expected)) << text;
  ASSERT_EQ(door.service.asked.size(), 1U);
  EXPECT_EQ(door.service.asked[0].method, method);
  EXPECT_EQ(door.asked<Request>(method).DebugString(), expected.DebugString());
}

std::string scoped(std::string_view path, std::string_view more = "") {
  return std::string(path) + std::string(kScope) + std::string(more);
}

TEST(HttpRequests, RememberTakesEveryField) {
  HttpDoor door;
  door.send("POST", "/v1/memories", R"({
    "namespace": "n", "agent_id": "a", "text": "tea", "id": "m1", "session_id": "s", "speaker": "Nina",
    "class": "semantic", "kind": "message", "tags": ["x", "y"],
    "metadata": {"t": "text", "f": true, "n": 2.5, "whole": 9007199254740992},
    "content": {"b": [1, null], "a": "\u00e9"}, "source": "chat", "observed_at": "2026-03-02T09:00:00.5+01:00",
    "expires_at": "1969-12-31T23:59:59.999Z", "importance": 0.25, "pinned": true,
    "embedding": {"model": "m", "values": [1, -0.5]}, "tier": "long", "idempotency_key": "k\u001f"})");
  expect_asked<v1::RememberRequest>(door, "remember", R"(memory {
    namespace: "n" agent_id: "a" text: "tea" id: "m1" session_id: "s" speaker: "Nina"
    class: MEMORY_CLASS_SEMANTIC kind: "message" tags: "x" tags: "y"
    metadata { key: "f" value { flag: true } } metadata { key: "n" value { number: 2.5 } }
    metadata { key: "t" value { text: "text" } } metadata { key: "whole" value { number: 9007199254740992 } }
    content: "{\"b\":[1,null],\"a\":\"\303\251\"}" source: "chat" observed_at { seconds: 1772438400 nanos: 500000000 }
    expires_at { seconds: -1 nanos: 999000000 } importance: 0.25 pinned: true
    embedding { model: "m" values: 1 values: -0.5 } tier: TIER_LONG idempotency_key: "k\037" })");
}

TEST(HttpRequests, OperatorsAskForTheJournalPoliciesAndRules) {
  const auto asked = [](const std::string& method, const std::string& path, const std::string& body = "") {
    auto door = std::make_unique<HttpDoor>();
    door->send(method, path, body);
    return door;
  };
  expect_asked<v1::ListOperationsRequest>(*asked("GET", "/v1/journal?limit=5&cursor=c&namespace=n"), "list_operations",
                                          R"(limit: 5 cursor: "c" namespace: "n")");
  expect_asked<v1::ListOperationsRequest>(*asked("GET", "/v1/journal"), "list_operations", "");
  expect_asked<v1::GetOperationRequest>(*asked("GET", "/v1/journal/00ff"), "get_operation", R"(id: "00ff")");
  expect_asked<v1::GetPolicyRequest>(*asked("GET", "/v1/admin/policy?namespace=n"), "get_policy", R"(namespace: "n")");
  expect_asked<v1::SetPolicyRequest>(
      *asked("POST", "/v1/admin/policy",
             R"({"namespace":"n","ttlMs":"604800000","record_access":true,"idempotency_key":"k"})"),
      "set_policy", R"(namespace: "n" ttl_ms: 604800000 record_access: true idempotency_key: "k")");
  expect_asked<v1::GetRulesRequest>(*asked("GET", "/v1/admin/rules"), "rules", "");
  expect_asked<v1::ActivateRulesRequest>(*asked("POST", "/v1/admin/rules:activate"), "activate_rules", "");
}

TEST(HttpRequests, NamesMayBeCamelCaseAndNullIsNotGiven) {
  HttpDoor door;
  door.send("POST", "/v1/memories",
            R"({"namespace":"n","agentId":"a","text":"t","sessionId":"s","observedAt":"1970-01-01T00:00:00Z",
                "idempotencyKey":"k","expiresAt":null,"content":null,"tags":null,"metadata":null,"importance":null})");
  expect_asked<v1::RememberRequest>(door, "remember", R"(memory { namespace: "n" agent_id: "a" text: "t"
      session_id: "s" observed_at {} idempotency_key: "k" })");
}

TEST(HttpRequests, ContentIsAnyValueAndKeepsItsOrderAndItsNumbers) {
  for (const std::string content :
       {"\"text\"", "0", "false", "[]", "{}", "18446744073709551615", "-9223372036854775808",
        R"({"z":1,"a":{"z":0.1,"b":[[],{}]}})", R"("\u0000\"\\")"}) {
    HttpDoor door;
    door.send("POST", "/v1/memories", R"({"namespace":"n","agent_id":"a","text":"t","content":)" + content + "}");
    EXPECT_EQ(door.asked<v1::RememberRequest>("remember").memory().content(), content);
  }
}

TEST(HttpRequests, ContentMayBeAsDeepAsTheLogTakesItAlsoInABatch) {
  const std::string content = std::string(64, '[') + std::string(64, ']');
  const std::string memory = R"({"namespace":"n","agent_id":"a","text":"t","content":)" + content + "}";
  HttpDoor door;
  door.send("POST", "/v1/memories:batch", R"({"memories":[)" + memory + "]}");
  EXPECT_EQ(door.asked<v1::RememberBatchRequest>("remember_batch").memories(0).content(), content);
}

TEST(HttpRequests, EachMemoryOfABatchStandsByItself) {
  HttpDoor door;
  v1::RememberBatchResponse answer;
  answer.add_results()->mutable_remembered()->set_memory_id("one");
  answer.add_results()->mutable_error()->set_code("NOT_FOUND");
  door.service.answer = std::make_shared<v1::RememberBatchResponse>(answer);
  const HttpResponse response = door.send(
      "POST", "/v1/memories:batch",
      R"({"memories":[{"namespace":"n","agent_id":"a","text":"1"},{"txet":"2"},{"namespace":"n","text":"3"}]})");
  expect_asked<v1::RememberBatchRequest>(door, "remember_batch", R"(
      memories { namespace: "n" agent_id: "a" text: "1" } memories { namespace: "n" text: "3" })");
  EXPECT_EQ(response.status, 200);
  const Json results = Json::parse(response.body)["results"];
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(results[0]["memory_id"], "one");
  EXPECT_FALSE(results[0].contains("error"));
  EXPECT_EQ(results[1]["error"]["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(results[2]["error"]["code"], "NOT_FOUND");
}

TEST(HttpRequests, ABatchOfNoGoodMemoryIsAnsweredWithoutTheService) {
  HttpDoor door;
  const HttpResponse response = door.send("POST", "/v1/memories:batch", R"({"memories":[{"text":1},[]]})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Json::parse(response.body)["results"].size(), 2U);
  EXPECT_TRUE(door.service.asked.empty());
}

TEST(HttpRequests, GetTakesItsIdFromThePathPercentDecoded) {
  HttpDoor door;
  door.send("GET", scoped("/v1/memories/a%2Fb%20%C3%A9", "&min_position=0-1-5&minPosition=1-1-6"));
  expect_asked<v1::GetMemoryRequest>(
      door, "get", R"(namespace: "n" agent_id: "a" id: "a/b \303\251" min_position: "0-1-5" min_position: "1-1-6")");
}

TEST(HttpRequests, HistoryNamesAMemory) {
  HttpDoor door;
  door.send("GET", scoped("/v1/memories/m/history"));
  expect_asked<v1::GetHistoryRequest>(door, "history", R"(namespace: "n" agent_id: "a" id: "m")");
}

TEST(HttpRequests, UpdateReplacesWhatIsThere) {
  HttpDoor door;
  door.send("PATCH", scoped("/v1/memories/m"), R"({"expected_version": 3, "idempotency_key": "k", "text": "t",
      "session_id": "", "speaker": "x", "class": "working", "kind": "k", "tags": [], "metadata": {"a": 1},
      "content": "", "source": "", "observed_at": "1970-01-01T00:00:01Z", "expires_at": "1970-01-01T00:00:02Z",
      "importance": 1, "pinned": false, "tier": "mid"})");
  expect_asked<v1::UpdateMemoryRequest>(door, "update", R"(namespace: "n" agent_id: "a" id: "m" expected_version: 3
      idempotency_key: "k" text: "t" session_id: "" speaker: "x" class: MEMORY_CLASS_WORKING kind: "k" tags {}
      metadata { entries { key: "a" value { number: 1 } } } content: "\"\"" source: ""
      observed_at { seconds: 1 } expires_at { seconds: 2 } importance: 1 pinned: false tier: TIER_MID)");
}

TEST(HttpRequests, UpdateTakesAwayWhatIsNullAndCanBeTakenAwaySo) {
  HttpDoor door;
  door.send(
      "PATCH", "/v1/memories/m",
      R"({"namespace":"n","agent_id":"a","expires_at":null,"content":null,"speaker":null,"expected_version":"7"})");
  expect_asked<v1::UpdateMemoryRequest>(
      door, "update", R"(namespace: "n" agent_id: "a" id: "m" expected_version: 7 content: "" never_expires: true)");
}

TEST(HttpRequests, ForgetNeedsNoBody) {
  HttpDoor door;
  door.send("DELETE", scoped("/v1/memories/m", "&expected_version=2&idempotency_key=k"));
  expect_asked<v1::ForgetMemoryRequest>(
      door, "forget", R"(namespace: "n" agent_id: "a" id: "m" expected_version: 2 idempotency_key: "k")");
}

TEST(HttpRequests, ForgetMayHaveABody) {
  HttpDoor door;
  door.send("DELETE", scoped("/v1/memories/m"), R"({"expected_version": 2})");
  expect_asked<v1::ForgetMemoryRequest>(door, "forget", R"(namespace: "n" agent_id: "a" id: "m" expected_version: 2)");
}

TEST(HttpRequests, ForgetByFilterTakesAFilter) {
  HttpDoor door;
  door.send("POST", "/v1/forget", R"({"namespace":"n","agent_id":"a","filter":{"tag":"x"},"dry_run":true})");
  expect_asked<v1::ForgetByFilterRequest>(door, "forget_by_filter", R"(namespace: "n" agent_id: "a" dry_run: true
      filter { condition { field: TAG op: EQ values { text: "x" } } })");
}

TEST(HttpRequests, LinksAreMadeByABodyAndRemovedByAQueryOrABody) {
  const std::string link = R"(namespace: "n" agent_id: "a" id: "m" type: "t" to: "o")";
  HttpDoor made;
  made.send("POST", scoped("/v1/memories/m/links"), R"({"type":"t","to":"o"})");
  expect_asked<v1::LinkMemoriesRequest>(made, "link", link);
  HttpDoor by_body;
  by_body.send("DELETE", scoped("/v1/memories/m/links"), R"({"type":"t","to":"o"})");
  expect_asked<v1::UnlinkMemoriesRequest>(by_body, "unlink", link);
  HttpDoor by_query;
  by_query.send("DELETE", scoped("/v1/memories/m/links", "&type=t&to=o"));
  expect_asked<v1::UnlinkMemoriesRequest>(by_query, "unlink", link);
}

TEST(HttpRequests, ListTakesItsFieldsFromTheQuery) {
  HttpDoor door;
  door.send("GET",
            scoped("/v1/memories", R"(&limit=1000&cursor=c&min_position=0-1-5&filter={"speaker":{"ne":"Bob"}})"));
  expect_asked<v1::ListMemoriesRequest>(door, "list", R"(namespace: "n" agent_id: "a" limit: 1000 cursor: "c"
      min_position: "0-1-5" filter { condition { field: SPEAKER op: NE values { text: "Bob" } } })");
}

TEST(HttpRequests, RetrieveTakesEveryField) {
  HttpDoor door;
  door.send("POST", "/v1/retrieve", R"({"namespace":"n","agent_id":"a","query":"q","tier_mode":"x","limit":1,
      "filter":{"or":[{"class":["episodic"]},{"not":{"metadata.p":{"gt":2,"lte":9}}}],
                "observedAt":{"between":["1970-01-01T00:00:00Z","1970-01-01T00:00:01Z"]}},
      "session_id":"s","embedding":{"model":"m","values":[0]},"min_position":["0-1-5"],"as_of":"p",
      "reference_time":"1970-01-01T00:00:03Z","explain":true,"no_cache":true,"touch":false,
      "context_token_budget":4294967295})");
  expect_asked<v1::RetrieveRequest>(door, "retrieve", R"(namespace: "n" agent_id: "a" query: "q" tier_mode: "x" limit: 1
      filter { and {
        filters { or {
          filters { condition { field: CLASS op: ANY values { text: "episodic" } } }
          filters { not { and {
            filters { condition { field: METADATA metadata_key: "p" op: GT values { number: 2 } } }
            filters { condition { field: METADATA metadata_key: "p" op: LTE values { number: 9 } } } } } } } }
        filters { condition { field: OBSERVED_AT op: BETWEEN values { time_ms: 0 } values { time_ms: 1000 } } } } }
      session_id: "s" embedding { model: "m" values: 0 } min_position: "0-1-5" as_of: "p"
      reference_time { seconds: 3 } explain: true no_cache: true touch: false context_token_budget: 4294967295)");
}

TEST(HttpRequests, StatusAndDigestsAskForNothingMore) {
  HttpDoor door;
  door.send("GET", "/v1/status");
  door.send("GET", "/v1/digests");
  ASSERT_EQ(door.service.asked.size(), 2U);
  EXPECT_EQ(door.service.asked[0].method, "status");
  EXPECT_EQ(door.service.asked[1].method, "digests");
}

HttpRequest with_header(std::string name, std::string value) {
  HttpRequest request;
  request.method = "GET";
  request.path = "/v1/status";
  request.headers.emplace_back(std::move(name), std::move(value));
  return request;
}

TEST(HttpRequests, HeadersSayKeyTraceAndCorrelation) {
  const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  HttpDoor door;
  HttpRequest request = with_header("IDEMPOTENCY-KEY", "k");
  request.headers.emplace_back("TraceParent", trace);
  request.headers.emplace_back("x-request-id", "request");
  request.headers.emplace_back("x-correlation-id", "correlation");
  door.send(request);
  ASSERT_EQ(door.service.asked.size(), 1U);
  const Call& call = door.service.asked[0].call;
  EXPECT_EQ(call.idempotency_key, "k");
  EXPECT_EQ(call.traceparent, trace);
  EXPECT_EQ(call.correlation_id, "correlation");
  ASSERT_NE(call.principal, nullptr);
  EXPECT_EQ(call.principal->name, "somebody");
}

TEST(HttpRequests, ATraceparentThatIsNoneIsIgnored) {
  for (const std::string trace : {"", "x", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                  "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                  "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                  "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"}) {
    HttpDoor door;
    door.send(with_header("traceparent", trace));
    ASSERT_EQ(door.service.asked.size(), 1U);
    EXPECT_EQ(door.service.asked[0].call.traceparent, "") << trace;
  }
}

TEST(HttpRequests, TheDeadlineIsTheClientsOrThirtySecondsAndNeverMoreThanFiveMinutes) {
  using namespace std::chrono_literals;
  const std::vector<std::pair<std::string, std::chrono::nanoseconds>> cases = {
      {"", 30s},   {"1S", 1s},     {"00000250m", 250ms}, {"2M", 120s}, {"7u", 7us},
      {"9n", 9ns}, {"300S", 300s}, {"301S", 300s},       {"1H", 300s}, {"99999999H", 300s}};
  for (const auto& [timeout, expected] : cases) {
    HttpDoor door;
    door.send(with_header("grpc-timeout", timeout));
    ASSERT_EQ(door.service.asked.size(), 1U) << timeout;
    EXPECT_EQ(door.service.asked[0].call.deadline - door.clock.now(), expected) << timeout;
  }
}

TEST(HttpRequests, AnRpcIsAskedByItsWholePath) {
  HttpDoor door;
  const auto status_of = [&door](const std::string& path) {
    HttpRequest request;
    request.method = "POST";
    request.path = path;
    request.headers = {{"Content-Type", "application/proto"}};
    return door.send(request).status;
  };
  EXPECT_EQ(status_of("/mnemo.v1.AdminService/GetStatus"), 200);
  for (const char* path : {"/mnemo.v1.AdminService/invented/GetStatus", "/mnemo.v1.AdminService//GetStatus",
                           "/mnemo.v1.MemoryService/GetStatus", "/mnemo.v1.AdminService/GetStatus/"}) {
    EXPECT_EQ(status_of(path), 501) << path;
  }
}

}  // namespace
}  // namespace mnemo
