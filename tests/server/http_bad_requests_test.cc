// Bad paths, queries, methods and headers: each is refused with its status and code, and never reaches the service.
#include <gtest/gtest.h>

#include <optional>

#include "tests/server/bad_request.h"

namespace mnemo {
namespace {

TEST(HttpBadRequests, UpdatesLinksAndPathsThatAreNone) {
  const std::string memories = "/v1/memories";
  expect_all_refused({
      {"PATCH", kMemory, R"({"id":"m"})", "'id' is given twice"},
      {"PATCH", kMemory, R"({"namespace":"n"})", "'namespace' is given twice"},
      {"PATCH", kMemory, R"({"never_expires":true})", "'never_expires' is no field"},
      {"PATCH", kMemory, R"({"neverExpires":true})", "'neverExpires' is no field"},
      {"PATCH", kMemory, R"({"expires_at":null,"expiresAt":"2026-03-02T08:00:00Z"})", "'expires_at' is given twice"},
      {"PATCH", kMemory, R"({"expected_version":-1})", "'expected_version' must be a whole number"},
      {"PATCH", kMemory, R"({"expected_version":4294967296})", "'expected_version' must be a whole number"},
      {"PATCH", kMemory, R"({"expected_version":"v1"})", "'expected_version' must be a whole number"},
      {"PATCH", kMemory, R"({"tags":{"values":[]}})", "'tags' must be a list"},
      {"PATCH", kMemory, R"({"tags":[1]})", "'tags[0]' must be a string"},
      {"PATCH", kMemory, R"({"metadata":{"entries":{}}})", "'metadata.entries' must be"},
      {"PATCH", kMemory, R"({"embedding":{}})", "'embedding' is no field"},
      {"PATCH", kMemory, R"({"class":null,"tier":"x"})", "'tier' must be"},
      {"PATCH", kMemory + "&text=t", "{}", "'text' is no parameter"},
      {"PATCH", kMemory + "&expected_version=1", "{}", "the query takes namespace and agent_id"},
      {"POST", kLinks, R"({"type":1})", "'type' must be a string"},
      {"POST", kLinks, R"({"from":"m"})", "'from' is no field"},
      {"POST", kLinks + "&type=t", R"({"to":"o"})", "'type' is no parameter"},
      {"DELETE", kLinks + "&type=t", R"({"type":"t","to":"o"})", "'type' is given twice"},
      {"DELETE", kLinks + "&type=t&type=u", "", "'type' is given twice"},
      {"DELETE", kMemory + "&force=true", "", "'force' is no field"},
      {"DELETE", kMemory + "&expected_version=x", "", "'expected_version' must be a whole number"},
      {"DELETE", kMemory + "&expected_version=", "", "'expected_version' must be a whole number"},
      {"GET", kMemory + "&id=other", "", "'id' is given twice"},
      {"GET", kMemory + "&version=1", "", "'version' is no field"},
      {"GET", kMemory + "&=", "", "'' is no field"},
      {"GET", kMemory, "{}", "takes no body"},
      {"GET", memories + kScope, "{}", "takes no body"},
      {"GET", memories + kScope + "&limit=0", "", "'limit' must be a whole number from 1 to 1000"},
      {"GET", memories + kScope + "&limit=1001", "", "'limit' must be a whole number from 1 to 1000"},
      {"GET", memories + kScope + "&limit=", "", "'limit' must be a whole number"},
      {"GET", memories + kScope + "&limit=-1", "", "'limit' must be a whole number"},
      {"GET", memories + kScope + "&limit=1&limit=2", "", "'limit' is given twice"},
      {"GET", memories + kScope + "&tag=x", "", "'tag' is no field"},
      {"GET", memories + "/" + kScope, "", "the path names no memory"},
      {"GET", memories + "//history" + kScope, "", "the path names no memory"},
      {"GET", memories + "/%ff" + kScope, "", "not UTF-8"},
      {"GET", memories + "/%zz" + kScope, "", "two hex digits"},
      {"GET", memories + "/m%" + kScope, "", "two hex digits"},
      {"GET", memories + "/m%2" + kScope, "", "two hex digits"},
      {"GET", "", "", "must start with '/'"},
      {"GET", "v1/status", "", "must start with '/'"},
      {"POST", memories + "?namespace=n", R"({"agent_id":"a","text":"t"})", "give it in the body"},
      {"POST", "/v1/retrieve?limit=5", with(R"("query":"q")"), "give it in the body"},
      {"GET", "/v1/status?verbose=1", "", "'verbose' is no parameter"},
      {"GET", "/v1/digests?partition=1", "", "'partition' is no parameter"},
      {"GET", "/v1/journal?limit=0", "", "'limit' must be a whole number from 1 to 1000"},
      {"GET", "/v1/journal?limit=1001", "", "'limit' must be a whole number from 1 to 1000"},
      {"GET", "/v1/journal?state=done", "", "'state' is no field"},
      {"GET", "/v1/journal", "{}", "takes no body"},
      {"GET", "/v1/journal/", "", "the path names nothing"},
      {"GET", "/v1/journal/%ff", "", "not UTF-8"},
      {"GET", "/v1/journal/00ff?namespace=n", "", "'namespace' is no parameter"},
      {"GET", "/v1/admin/policy?agent_id=a", "", "'agent_id' is no field"},
      {"GET", "/v1/admin/policy?namespace=n", "{}", "takes no body"},
      {"POST", "/v1/admin/policy", "", "the body is empty"},
      {"POST", "/v1/admin/policy?namespace=n", "{}", "give it in the body"},
      {"POST", "/v1/admin/policy", R"({"namespace":"n","ttl":"7d"})", "'ttl' is no field"},
      {"POST", "/v1/admin/policy", R"({"namespace":"n","ttl_ms":-1})", "'ttl_ms' must be a whole number"},
      {"POST", "/v1/admin/policy", R"({"namespace":"n","ttl_ms":1.5})", "'ttl_ms' must be a whole number"},
      {"POST", "/v1/admin/policy", R"({"namespace":"n","record_access":"yes"})", "'record_access' must be"},
      {"POST", "/v1/admin/policy", R"({"namespace":"n","version":2})", "'version' is no field"},
      {"POST", "/v1/admin/rules:activate", R"({"kinds":[]})", "'kinds' is no field"},
      {"GET", "/v1/admin/rules?all=true", "", "'all' is no parameter"},
      {"GET", "/readyz?for=everything", "", "for=read or for=write"},
      {"GET", "/readyz?what=read", "", "for=read or for=write"},
      {"GET", "/readyz?for=read&for=write", "", "for=read or for=write"},
  });
}

TEST(HttpBadRequests, BatchesThatAreNone) {
  const std::string path = "/v1/memories:batch";
  expect_all_refused({
      {"POST", path, "{}", "1 to 1000 memories"},
      {"POST", path, R"({"memories":[]})", "1 to 1000 memories"},
      {"POST", path, R"({"memories":null})", "1 to 1000 memories"},
      {"POST", path, R"({"memories":{}})", "1 to 1000 memories"},
      {"POST", path, R"({"memories":[)" + repeated("{},", 1000) + "{}]}", "1 to 1000 memories"},
      {"POST", path, R"({"memories":[{}],"dry_run":true})", "'dry_run' is no field"},
      {"POST", path, R"({"memories":[{"text":"t","text":"t"}]})", "'text' is given twice"},
      {"POST", path + "?namespace=n", R"({"memories":[{}]})", "takes no query"},
  });
}

TEST(HttpBadRequests, PathsAndMethodsThatThereAreNot) {
  expect_all_refused({
      {"GET", "/", "", "there is no '/'", 404, "NOT_FOUND"},
      {"GET", "/v1", "", "there is no", 404, "NOT_FOUND"},
      {"GET", "/v2/memories", "", "/v1/memories", 404, "NOT_FOUND"},
      {"GET", "/v1/Memories", "", "/v1/memories", 404, "NOT_FOUND"},
      {"GET", "/v1/memories/m/links/t", "", "there is no", 404, "NOT_FOUND"},
      {"GET", "/v1/../v1/status", "", "there is no", 404, "NOT_FOUND"},
      {"GET", "//v1/status", "", "there is no", 404, "NOT_FOUND"},
      {"GET", "/v1/status/", "", "there is no", 404, "NOT_FOUND"},
      {"GET", "/" + std::string(1 << 20, 'x'), "", "there is no", 404, "NOT_FOUND"},
      {"GET", "/v1/\xff", "", "there is no", 404, "NOT_FOUND"},
      {"DELETE", "/v1/memories", "", "it has POST, GET", 405, "UNIMPLEMENTED"},
      {"GET", "/v1/memories:batch", "", "it has POST", 405, "UNIMPLEMENTED"},
      {"GET", "/v1/retrieve", "", "it has POST", 405, "UNIMPLEMENTED"},
      {"PUT", "/v1/forget", "{}", "it has POST", 405, "UNIMPLEMENTED"},
      {"POST", "/v1/status", "{}", "it has GET", 405, "UNIMPLEMENTED"},
      {"PUT", "/v1/admin/policy", "{}", "PUT is no method of /v1/admin/policy: it has GET, POST", 405, "UNIMPLEMENTED"},
      {"GET", "/v1/admin/rules:activate", "", "it has POST", 405, "UNIMPLEMENTED"},
      {"OPTIONS", "/v1/memories/m", "", "it has GET, PATCH, DELETE", 405, "UNIMPLEMENTED"},
      {"post", "/v1/memories", "{}", "post is no method", 405, "UNIMPLEMENTED"},
      {"", "/healthz", "", "it has GET", 405, "UNIMPLEMENTED"},
      {std::string(100000, 'M'), "/healthz", "", "it has GET", 405, "UNIMPLEMENTED"},
  });
}

HttpRequest remember(std::vector<std::pair<std::string, std::string>> headers) {
  HttpRequest request;
  request.method = "POST";
  request.path = "/v1/memories";
  request.headers = std::move(headers);
  request.body = with(R"("text":"t")");
  return request;
}

TEST(HttpBadRequests, HeadersThatAreNone) {
  const std::string controls =
      "a\x1f"
      "b";
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"Grpc-Timeout", "10"},
                                                        {"Grpc-Timeout", "S"},
                                                        {"Grpc-Timeout", "0S"},
                                                        {"Grpc-Timeout", "-1S"},
                                                        {"Grpc-Timeout", "+1S"},
                                                        {"Grpc-Timeout", "1.5S"},
                                                        {"Grpc-Timeout", "1 S"},
                                                        {"Grpc-Timeout", "10s"},
                                                        {"Grpc-Timeout", "123456789S"},
                                                        {"Idempotency-Key", "\xff"},
                                                        {"Idempotency-Key", ""},
                                                        {"X-Correlation-Id", "\xff"},
                                                        {"X-Correlation-Id", controls},
                                                        {"X-Correlation-Id", std::string(257, 'c')},
                                                        {"X-Request-Id", controls},
                                                        {"X-Request-Id", std::string(257, 'c')}}) {
    HttpDoor door;
    const HttpResponse response = door.send(remember({{name, value}}));
    expect_refused({"POST", "/v1/memories", "", name}, response);
    EXPECT_TRUE(door.service.asked.empty()) << name << ": " << value;
  }
}

TEST(HttpBadRequests, ABodyThatDoesNotCallItselfJson) {
  for (const std::string type :
       {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp",
        "application/json-patch+json", "application", ";", "application/json/x", "text/json"}) {
    HttpDoor door;
    const HttpResponse response = door.send(remember({{"Content-Type", type}}));
    expect_refused({"POST", "/v1/memories", type, "Content-Type", 415}, response);
    EXPECT_TRUE(door.service.asked.empty()) << type;
  }
  HttpDoor door;
  std::optional<HttpResponse> answer;
  door.routes.handle(remember({}), [&answer](HttpResponse response) { answer = std::move(response); });
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 415);
  for (const std::string type : {"application/json; charset=utf-8", "APPLICATION/JSON", "application/json ;x=y"}) {
    EXPECT_EQ(door.send(remember({{"Content-Type", type}})).status, 201) << type;
  }
}

}  // namespace
}  // namespace mnemo
