// What comes back: exact JSON, statuses, headers.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "server/http/message_writer.h"
#include "server/json/parse.h"
#include "tests/server/http_door.h"

namespace mnemo {
namespace {

using testing::HasSubstr;

constexpr std::string_view kMemory = R"({"namespace":"n","agent_id":"a","text":"t"})";

template <typename Response>
std::shared_ptr<Response> message(const std::string& text) {
  auto out = std::make_shared<Response>();
  MNEMO_CHECK(google::protobuf::TextFormat::ParseFromString(text, out.get()));
  return out;
}

TEST(HttpAnswers, AFullMemoryIsPrintedWhole) {
  HttpDoor door;
  door.service.answer = message<v1::GetMemoryResponse>(R"(position: "0-1-9" memory {
    id: "m" namespace: "n" agent_id: "a" version: 2 text: "\"\n\303\251" session_id: "s" speaker: "x"
    class: MEMORY_CLASS_WORKING kind: "event" tier: TIER_MID tags: "b" tags: "a"
    metadata { key: "z" value { number: 2 } } metadata { key: "b" value { flag: false } }
    metadata { key: "a" value { text: "q" } } metadata { key: "c" value { number: 0.1 } }
    content: "{\"b\": 1.10}" source: "c" observed_at { seconds: 1 } created_at { seconds: 2 nanos: 5000000 }
    recorded_at { seconds: 3 } expires_at { seconds: -1 } importance: 0.5 pinned: true superseded: true
    event_id: "e" })");
  const HttpResponse response = door.send("GET", "/v1/memories/m?namespace=n&agent_id=a");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(
      response.body,
      R"({"memory":{"id":"m","namespace":"n","agent_id":"a","version":2,"text":"\"\né","session_id":"s",)"
      R"("speaker":"x","class":"working","kind":"event","tier":"mid","tags":["b","a"],)"
      R"("metadata":{"a":"q","b":false,"c":0.1,"z":2},"content":{"b": 1.10},"source":"c",)"
      R"("observed_at":"1970-01-01T00:00:01.000Z","created_at":"1970-01-01T00:00:02.005Z",)"
      R"("recorded_at":"1970-01-01T00:00:03.000Z","expires_at":"1969-12-31T23:59:59.000Z",)"
      R"("importance":0.5,"pinned":true,"superseded":true,"event_id":"e"},"position":"0-1-9","links":[],"linked_from":[],)"
      R"("links_truncated":false,"degraded":false})");
}

TEST(HttpAnswers, EveryCharacterOfATextIsEscapedAsJsonWantsIt) {
  std::vector<std::string> texts = {"", "\xc3\xa9", "plain", "\xff"};
  for (int c = 0; c < 0x80; ++c) texts.push_back("a" + std::string(1, static_cast<char>(c)) + "z");
  for (const std::string& text : texts) {
    v1::Memory memory;
    memory.set_id(text);
    EXPECT_THAT(json_of_message(memory), testing::StartsWith("{\"id\":" + json_text(Json(text)) + ",")) << text;
  }
}

TEST(HttpAnswers, AnEmptyMemoryHasItsListsAndNotWhatNobodyGave) {
  HttpDoor door;
  door.service.answer = message<v1::ListMemoriesResponse>("memories {} position: \"0-1-9\"");
  EXPECT_EQ(door.send("GET", "/v1/memories?namespace=n&agent_id=a").body,
            R"({"memories":[{"id":"","namespace":"","agent_id":"","version":0,"text":"","class":"episodic","kind":"",)"
            R"("tier":"short","tags":[],"metadata":{},"pinned":false,"superseded":false,"event_id":""}],)"
            R"("next_cursor":"","truncated":false,"position":"0-1-9","degraded":false})");
}

TEST(HttpAnswers, ContentThatIsNoJsonIsAStringThatHoldsIt) {
  HttpDoor door;
  door.service.answer = message<v1::GetMemoryResponse>(R"(memory { content: "{no \"json" })");
  const Result<Json> body = parse_json(door.send("GET", "/v1/memories/m?namespace=n&agent_id=a").body);
  ASSERT_TRUE(body);
  EXPECT_EQ((*body)["memory"]["content"], "{no \"json");
}

TEST(HttpAnswers, RememberedIs201AndADuplicate200AndPending202) {
  const std::vector<std::pair<std::string, int>> cases = {
      {"", 201}, {"duplicate: true", 200}, {"pending: true", 202}, {"pending: true duplicate: true", 202}};
  for (const auto& [text, status] : cases) {
    HttpDoor door;
    door.service.answer = message<v1::RememberResponse>(text);
    EXPECT_EQ(door.send("POST", "/v1/memories", kMemory).status, status) << text;
  }
  HttpDoor door;
  door.service.answer = message<v1::RememberResponse>(R"(memory_id: "m" event_id: "e" position: "0-1-9")");
  EXPECT_EQ(
      door.send("POST", "/v1/memories", kMemory).body,
      R"({"memory_id":"m","event_id":"e","position":"0-1-9","duplicate":false,"forgotten":false,"pending":false})");
}

TEST(HttpAnswers, EveryWriteThatIsPendingIs202) {
  const std::string memory = "/v1/memories/m?namespace=n&agent_id=a";
  const std::string links = "/v1/memories/m/links?namespace=n&agent_id=a";
  HttpDoor door;
  door.service.answer = message<v1::UpdateMemoryResponse>("pending: true");
  EXPECT_EQ(door.send("PATCH", memory, R"({"text":"t"})").status, 202);
  door.service.answer = message<v1::ForgetMemoryResponse>("pending: true forgotten: 1");
  const HttpResponse forgotten = door.send("DELETE", memory);
  EXPECT_EQ(forgotten.status, 202);
  EXPECT_EQ(forgotten.body, R"({"forgotten":"1","event_id":"","position":"","duplicate":false,"pending":true})");
  door.service.answer = message<v1::LinkMemoriesResponse>("pending: true");
  EXPECT_EQ(door.send("POST", links, R"({"type":"t","to":"o"})").status, 202);
  door.service.answer = message<v1::UnlinkMemoriesResponse>("pending: true");
  EXPECT_EQ(door.send("DELETE", links, R"({"type":"t","to":"o"})").status, 202);
  door.service.answer = message<v1::ForgetByFilterResponse>("pending: true");
  EXPECT_EQ(door.send("POST", "/v1/forget", R"({"namespace":"n","agent_id":"a","filter":{"tag":"x"}})").status, 202);
}

TEST(HttpAnswers, RetrieveHasContextAndExplainWhereTheyAreAskedFor) {
  HttpDoor door;
  const std::string ask = R"({"namespace":"n","agent_id":"a"})";
  EXPECT_EQ(door.send("POST", "/v1/retrieve", ask).body,
            R"({"results":[],"position":"","cached":false,"degraded":false,"truncated":false,"next_cursor":""})");
  door.service.answer = message<v1::RetrieveResponse>(R"(
      results { score: -4294967296 explain { term: "tea" documents: 3 count: 4294967295 share: 9223372036854775807 } }
      context: "c" explain { profile: "p" query_terms: "tea" documents: 1 candidates: 2 })");
  EXPECT_EQ(door.send("POST", "/v1/retrieve", ask).body,
            R"({"results":[{"score":"-4294967296","explain":[{"term":"tea","documents":3,"count":4294967295,)"
            R"("share":"9223372036854775807"}]}],"context":"c","position":"","cached":false,"degraded":false,)"
            R"("truncated":false,"next_cursor":"","explain":{"profile":"p","query_terms":["tea"],"dropped":[],)"
            R"("documents":1,"candidates":2}})");
}

TEST(HttpAnswers, StatusAndDigests) {
  HttpDoor door;
  door.service.answer = message<v1::GetStatusResponse>(R"(version: "1" log: "embedded" partitions {
      memories: 18446744073709551615 event_time { seconds: 1 } })");
  EXPECT_EQ(door.send("GET", "/v1/status").body,
            R"({"version":"1","log_id":"","log":"embedded","rules_version":0,"projection_version":"",)"
            R"("ranking_profile":"","partitions":[{"partition":0,"memories":"18446744073709551615","applied":"",)"
            R"("durable":"","log_end":"","lag":"0","halted":"","pending":"0","skipped":"0",)"
            R"("event_time":"1970-01-01T00:00:01.000Z","disk_bytes":"0","rerouted":"0","halted_code":""}]})");
  door.service.answer = message<v1::GetDigestsResponse>(R"(partitions { seq: 5 state: "00" settled: true })");
  EXPECT_EQ(door.send("GET", "/v1/digests").body,
            R"({"partitions":[{"partition":0,"seq":"5","position":"","state":"00","content":"","settled":true}]})");
}

TEST(HttpAnswers, OperationsAndPolicies) {
  HttpDoor door;
  door.service.answer = message<v1::ListOperationsResponse>(R"(next_cursor: "c" truncated: true operations {
      id: "00ff" kind: "policy" state: "running" steps: 8 steps_done: 3 started_at { seconds: 1 } detail: "version=2"
      namespace: "n" })");
  EXPECT_EQ(door.send("GET", "/v1/journal").body,
            R"({"operations":[{"id":"00ff","kind":"policy","state":"running","steps":8,"steps_done":3,)"
            R"("started_at":"1970-01-01T00:00:01.000Z","detail":"version=2","namespace":"n"}],)"
            R"("next_cursor":"c","truncated":true})");
  const std::string policy = R"({"namespace":"n","ttl_ms":"604800000"})";
  door.service.answer = message<v1::SetPolicyResponse>(R"(operation: "00ff" version: 2)");
  const HttpResponse set = door.send("POST", "/v1/admin/policy", policy);
  EXPECT_EQ(set.status, 200);
  EXPECT_EQ(set.body, R"({"operation":"00ff","version":2,"pending":false})");
  door.service.answer = message<v1::SetPolicyResponse>("pending: true");
  EXPECT_EQ(door.send("POST", "/v1/admin/policy", policy).status, 202);
  door.service.answer = message<v1::GetPolicyResponse>(R"(namespace: "n" version: 2 ttl_ms: 5)");
  EXPECT_EQ(door.send("GET", "/v1/admin/policy?namespace=n").body,
            R"({"namespace":"n","version":2,"ttl_ms":"5","record_access":false})");
  door.service.answer = message<v1::ActivateRulesResponse>("partitions: 0 partitions: 1");
  EXPECT_EQ(door.send("POST", "/v1/admin/rules:activate").body, R"({"partitions":[0,1]})");
}

TEST(HttpAnswers, AnErrorHasTheStatusOfItsCode) {
  const std::vector<std::pair<Code, int>> cases = {
      {Code::kCancelled, 499},        {Code::kUnknown, 500},           {Code::kInvalidArgument, 400},
      {Code::kDeadlineExceeded, 504}, {Code::kNotFound, 404},          {Code::kAlreadyExists, 409},
      {Code::kPermissionDenied, 403}, {Code::kResourceExhausted, 429}, {Code::kFailedPrecondition, 400},
      {Code::kAborted, 409},          {Code::kOutOfRange, 400},        {Code::kUnimplemented, 501},
      {Code::kInternal, 500},         {Code::kUnavailable, 503},       {Code::kDataLoss, 500},
      {Code::kUnauthenticated, 401}};
  for (const auto& [code, status] : cases) {
    HttpDoor door;
    door.service.refusal = fail(code, "why");
    const HttpResponse response = door.send("GET", "/v1/status");
    EXPECT_EQ(response.status, status) << code_name(code);
    EXPECT_EQ(response.body, R"({"error":{"code":")" + std::string(code_name(code)) +
                                 R"(","message":"why","details":{},"retryable":false}})");
  }
}

TEST(HttpAnswers, RetryAfterIsInSecondsRoundedUp) {
  const std::vector<std::pair<uint32_t, std::string>> cases = {{1, "1"}, {1000, "1"}, {1001, "2"}, {30000, "30"}};
  for (const auto& [ms, seconds] : cases) {
    HttpDoor door;
    door.service.refusal = fail(Error{Code::kResourceExhausted, "full", true, ms});
    const HttpResponse response = door.send("GET", "/v1/status");
    EXPECT_EQ(response.status, 429);
    EXPECT_EQ(header_of(response, "Retry-After"), seconds);
    EXPECT_THAT(response.body, HasSubstr(R"("retryable":true,"retry_after_ms":)" + std::to_string(ms) + "}}"));
  }
}

TEST(HttpAnswers, AMessageThatIsNotUtf8StillMakesJson) {
  HttpDoor door;
  door.service.refusal = fail(Code::kInternal, "\xff\x1f");
  EXPECT_TRUE(Json::accept(door.send("GET", "/v1/status").body));
}

TEST(HttpAnswers, WithoutAKeyNothingOfV1IsAnsweredAndTheServiceIsNotAsked) {
  HttpDoor door;
  door.keys_asked_for = true;
  for (const HttpRoutes::Name& route : HttpRoutes::names()) {
    const bool open = route.path == "/healthz" || route.path == "/readyz" || route.path == "/openapi.json";
    const HttpResponse response = door.send(route.method, route.path);
    EXPECT_EQ(response.status == 401, !open) << route.method << " " << route.path;
    EXPECT_EQ(header_of(response, "WWW-Authenticate") == "Bearer", !open);
  }
  EXPECT_TRUE(door.service.asked.empty());
}

TEST(HttpAnswers, ReadyIsAskedOfReadsOrWritesOrBoth) {
  HttpDoor door;
  EXPECT_EQ(door.send("GET", "/healthz").status, 200);
  EXPECT_EQ(door.send("GET", "/readyz").body, R"({"status":"ready"})");
  door.service.writes_ready = fail(Code::kUnavailable, "no writes", true);
  EXPECT_EQ(door.send("GET", "/readyz").status, 503);
  EXPECT_EQ(door.send("GET", "/readyz?for=read").status, 200);
  EXPECT_EQ(door.send("GET", "/readyz?for=write").status, 503);
  door.service.writes_ready = {};
  door.service.reads_ready = fail(Code::kUnavailable, "no reads", true);
  EXPECT_EQ(door.send("GET", "/readyz").status, 503);
  EXPECT_EQ(door.send("GET", "/readyz?for=read").status, 503);
  EXPECT_EQ(door.send("GET", "/readyz?for=write").status, 200);
  EXPECT_EQ(door.send("GET", "/healthz").status, 200);
}

TEST(HttpAnswers, MetricsAreText) {
  HttpDoor door;
  const HttpResponse response = door.send("GET", "/metrics");
  EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(response.body, "mnemo_up 1\n");
}

TEST(HttpAnswers, AnUnknownPathNamesNearOnes) {
  HttpDoor door;
  const std::vector<std::pair<std::string, std::string>> cases = {{"/v1/memorys", "/v1/memories"},
                                                                  {"/memories", "/v1/memories"},
                                                                  {"/v1/retreive", "/v1/retrieve"},
                                                                  {"/health", "/healthz"},
                                                                  {"/v1/memories:bach", "/v1/memories:batch"}};
  for (const auto& [path, near] : cases) {
    const HttpResponse response = door.send("GET", path);
    EXPECT_EQ(response.status, 404);
    EXPECT_THAT(response.body, HasSubstr(near));
  }
}

TEST(HttpAnswers, AWrongMethodIsToldTheOnesThatThereAre) {
  HttpDoor door;
  const HttpResponse response = door.send("PUT", "/v1/memories/m");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(header_of(response, "Allow"), "GET, PATCH, DELETE");
}

TEST(HttpAnswers, RoutesOfLaterVersionsSaySo) {
  HttpDoor door;
  for (const auto& [method, path] :
       std::vector<std::pair<std::string, std::string>>{{"GET", "/v1/memories/m/lineage"},
                                                        {"PUT", "/v1/memories/m/embedding"},
                                                        {"POST", "/v1/consolidate"},
                                                        {"POST", "/v1/prune"},
                                                        {"GET", "/v1/changes"},
                                                        {"GET", "/v1/scheduler"},
                                                        {"GET", "/v1/deadletters"},
                                                        {"POST", "/v1/admin/snapshot"}}) {
    const HttpResponse response = door.send(method, path, method == "GET" ? "" : "{}");
    EXPECT_EQ(response.status, 501) << path;
    EXPECT_THAT(response.body, HasSubstr(R"("code":"UNIMPLEMENTED")"));
  }
}

}  // namespace
}  // namespace mnemo
