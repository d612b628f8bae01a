// Bodies that are no requests: each is refused, says what is wrong and where, and never reaches the service.
#include <gtest/gtest.h>

#include "tests/server/bad_request.h"

namespace mnemo {
namespace {

// The same bodies are wrong wherever there is a body.
TEST(HttpBadBodies, WhatIsNoJsonIsRefusedOnEveryRouteWithABody) {
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {" ", "not JSON"},
      {"{", "not JSON"},
      {"}", "not JSON"},
      {R"({"text":"t"} x)", "not JSON"},
      {R"({"text":"t"}{})", "not JSON"},
      {R"({"text":"t",})", "not JSON"},
      {R"({'text':'t'})", "not JSON"},
      {"{text:1}", "not JSON"},
      {R"({"text":NaN})", "not JSON"},
      {R"({"text":01})", "not JSON"},
      {R"({"text":+1})", "not JSON"},
      {R"({"text":.5})", "not JSON"},
      {R"({"text":1e999})", "not JSON"},
      {R"({"text":"t" /* why */})", "not JSON"},
      {"{\"text\":\"a\nb\"}", "not JSON"},
      {"{\"text\":\"a\x1f"
       "b\"}",
       "not JSON"},
      {R"({"text":"\ud800"})", "not JSON"},
      {R"({"text":"\x"})", "not JSON"},
      {std::string("{}\0", 3), "a zero byte"},
      {std::string("{}\0{", 4), "a zero byte"},
      {std::string("{\"text\":\"a\0\"}", 13), "a zero byte"},
      {"\xef\xbb\xbf{}", "byte order mark"},
      {"{\"text\":\"\xff\"}", "not UTF-8"},
      {"{\"text\":\"\xed\xa0\x80\"}", "not UTF-8"},
      {"{\"text\":\"\xc0\xaf\"}", "not UTF-8"},
      {R"({"text":"a","text":"b"})", "'text' is given twice"},
      {R"({"text":99999999999999999999})", "64 bits"},
      {R"({"text":-9223372036854775809})", "64 bits"},
      {repeated("[", 100000), "nested deeper"},
      {repeated("{\"a\":", 100000), "nested deeper"},
      {R"({"text":")" + std::string(1 << 20, 'x'), "not JSON"},
      {"[]", "must be a JSON object"},
      {"null", "must be a JSON object"},
      {"\"text\"", "must be a JSON object"},
      {"7", "must be a JSON object"},
  };
  const std::vector<std::pair<std::string, std::string>> routes = {
      {"POST", "/v1/memories"}, {"POST", "/v1/memories:batch"},
      {"PATCH", kMemory},       {"DELETE", kMemory},
      {"POST", kLinks},         {"DELETE", kLinks},
      {"POST", "/v1/retrieve"}, {"POST", "/v1/forget"}};
  Table table;
  for (const auto& [method, path] : routes) {
    for (const auto& [body, told] : bodies) table.push_back({method, path, body, told});
  }
  expect_all_refused(table);
}

TEST(HttpBadBodies, AnEmptyBodyIsRefusedWhereThereMustBeOne) {
  Table table;
  for (const auto& [method, path] : std::vector<std::pair<std::string, std::string>>{{"POST", "/v1/memories"},
                                                                                     {"POST", "/v1/memories:batch"},
                                                                                     {"PATCH", kMemory},
                                                                                     {"POST", kLinks},
                                                                                     {"POST", "/v1/retrieve"},
                                                                                     {"POST", "/v1/forget"}}) {
    table.push_back({method, path, "", "the body is empty"});
  }
  expect_all_refused(table);
}

TEST(HttpBadBodies, MemoriesThatAreNone) {
  // Members of a memory, and what is told of them.
  const std::vector<std::pair<std::string, std::string>> members = {
      {R"("txet":"t")", "'txet' is no field: there are namespace, agent_id, text"},
      {R"("Text":"t")", "'Text' is no field"},
      {R"("":"t")", "'' is no field"},
      {R"("memory":{})", "'memory' is no field"},
      {R"("version":1)", "'version' is no field"},
      {R"("created_at":"2026-03-02T08:00:00Z")", "'created_at' is no field"},
      {R"("text":1)", "'text' must be a string"},
      {R"("text":["t"])", "'text' must be a string"},
      {R"("text":{"plain":"t"})", "'text' must be a string"},
      {R"("text":true)", "'text' must be a string"},
      {R"("id":7)", "'id' must be a string"},
      {R"("session_id":7)", "'session_id' must be a string"},
      {R"("sessionId":7)", "'session_id' must be a string"},
      {R"("session_id":"s","sessionId":"s")", "'session_id' is given twice"},
      {R"("agentId":"a")", "'agent_id' is given twice"},
      {R"("speaker":[])", "'speaker' must be a string"},
      {R"("kind":{})", "'kind' must be a string"},
      {R"("source":0.5)", "'source' must be a string"},
      {R"("idempotency_key":7)", "'idempotency_key' must be a string"},
      {R"("class":"dream")", "'class' must be episodic, semantic, procedural or working"},
      {R"("class":"EPISODIC")", "'class' must be"},
      {R"("class":"unspecified")", "'class' must be"},
      {R"("class":"MEMORY_CLASS_EPISODIC")", "'class' must be"},
      {R"("class":1)", "'class' must be"},
      {R"("class":"")", "'class' must be"},
      {R"("tier":"huge")", "'tier' must be short, mid or long"},
      {R"("tier":2)", "'tier' must be"},
      {R"("tags":"x")", "'tags' must be a list"},
      {R"("tags":{"0":"x"})", "'tags' must be a list"},
      {R"("tags":["x",1])", "'tags[1]' must be a string"},
      {R"("tags":[null])", "'tags[0]' must be a string"},
      {R"("tags":[["x"]])", "'tags[0]' must be a string"},
      {R"("metadata":[])", "'metadata' must be an object"},
      {R"("metadata":"x")", "'metadata' must be an object"},
      {R"("metadata":{"k":null})", "'metadata.k' must be a string, a number or true or false"},
      {R"("metadata":{"k":[]})", "'metadata.k' must be"},
      {R"("metadata":{"k":{}})", "'metadata.k' must be"},
      {R"("metadata":{"k":1,"k":2})", "'k' is given twice"},
      {R"("metadata":{"k":9007199254740993})", "'metadata.k' is 9007199254740993"},
      {R"("metadata":{"k":-9007199254740993})", "give it as a string"},
      {R"("metadata":{")" + std::string(100000, 'k') + R"(":[]})", "'metadata.kkk"},
      {R"("observed_at":1772438400)", "'observed_at' must be a string"},
      {R"("observed_at":"")", "'observed_at' must be a time"},
      {R"("observed_at":"yesterday")", "'observed_at' must be a time"},
      {R"("observed_at":"2026-03-02")", "'observed_at' must be a time"},
      {R"("observed_at":"2026-03-02T08:00:00")", "'observed_at' must be a time"},
      {R"("observed_at":"2026-02-30T08:00:00Z")", "'observed_at' must be a time"},
      {R"("observed_at":"2026-03-02T24:00:00Z")", "'observed_at' must be a time"},
      {R"("observed_at":"0000-01-01T00:00:00Z")", "'observed_at' must be a time"},
      {R"("observed_at":{"seconds":1})", "'observed_at' must be a string"},
      {R"("expires_at":true)", "'expires_at' must be a string"},
      {R"("expires_at":"never")", "'expires_at' must be a time"},
      {R"("importance":"0.5")", "'importance' must be a number"},
      {R"("importance":true)", "'importance' must be a number"},
      {R"("pinned":1)", "'pinned' must be true or false"},
      {R"("pinned":"true")", "'pinned' must be true or false"},
      {R"("embedding":[1])", "'embedding' must be an object"},
      {R"("embedding":{"model":1})", "'embedding.model' must be a string"},
      {R"("embedding":{"values":1})", "'embedding.values' must be a list"},
      {R"("embedding":{"values":[1,"2"]})", "'embedding.values[1]' must be a number"},
      {R"("embedding":{"values":[null]})", "'embedding.values[0]' must be a number"},
      {R"("embedding":{"values":[1e39]})", "single precision"},
      {R"("embedding":{"dims":3})", "'embedding.dims' is no field: there are model, values"},
  };
  Table table;
  for (const auto& [member, told] : members) table.push_back({"POST", "/v1/memories", with(member), told});
  expect_all_refused(table);
}

TEST(HttpBadBodies, ScopesThatAreMissingOrHoldWhatKeysAreMadeOf) {
  const std::vector<std::pair<std::string, std::string>> scopes = {
      {R"({})", "'namespace'"},
      {R"({"namespace":"n"})", "'agent_id'"},
      {R"({"agent_id":"a"})", "'namespace'"},
      {R"({"namespace":"","agent_id":"a"})", "'namespace'"},
      {R"({"namespace":"n","agent_id":""})", "'agent_id'"},
      {R"({"namespace":null,"agent_id":"a"})", "'namespace'"},
      {R"({"namespace":7,"agent_id":"a"})", "'namespace' must be a string"},
      {R"({"namespace":"n","agent_id":["a"]})", "'agent_id' must be a string"},
      {R"({"namespace":"n\u001fx","agent_id":"a"})", "'namespace'"},
      {R"({"namespace":"n","agent_id":"a\u001fb"})", "'agent_id'"},
      {R"({"namespace":"n","agent_id":"a\u0000"})", "'agent_id'"},
      {R"({"namespace":"n\u0085","agent_id":"a"})", "'namespace'"},
      {R"({"namespace":"n\n","agent_id":"a"})", "'namespace'"},
      {R"({"namespace":")" + std::string(129, 'n') + R"(","agent_id":"a"})", "'namespace'"},
      {R"({"namespace":"n","agent_id":")" + std::string(257, 'a') + R"("})", "'agent_id'"},
  };
  Table table;
  for (const auto& [body, told] : scopes) {
    for (const std::string path : {"/v1/memories", "/v1/retrieve", "/v1/forget"}) {
      table.push_back({"POST", path, body, told});
    }
    table.push_back({"PATCH", "/v1/memories/m", body, told});
    table.push_back({"POST", "/v1/memories/m/links", body, told});
  }
  for (const std::string path : {"/v1/memories", "/v1/memories/m", "/v1/memories/m/history"}) {
    table.push_back({"GET", path, "", "'namespace'"});
    table.push_back({"GET", path + "?namespace=n", "", "'agent_id'"});
    table.push_back({"GET", path + "?namespace=&agent_id=a", "", "'namespace'"});
    table.push_back({"GET",
                     path + "?namespace=n&agent_id=a\x1f"
                            "b",
                     "", "'agent_id'"});
    table.push_back({"GET", path + "?namespace=n&agent_id=\xff", "", "not UTF-8"});
    table.push_back({"GET", path + "?namespace=n&namespace=n&agent_id=a", "", "'namespace' is given twice"});
  }
  expect_all_refused(table);
}

TEST(HttpBadBodies, FiltersThatAreNone) {
  const std::vector<std::pair<std::string, std::string>> filters = {
      {"[]", "a filter must be an object"},
      {"{}", "a filter must be an object"},
      {"7", "a filter must be an object"},
      {"\"tag\"", "a filter must be an object"},
      {R"({"colour":"red"})", "'colour' is no filter field; there are tag"},
      {R"({"text":"tea"})", "'text' is no filter field"},
      {R"({"namespace":"other"})", "'namespace' is no filter field"},
      {R"({"metadata":{"k":1}})", "'metadata' is no filter field"},
      {R"({"":1})", "'' is no filter field"},
      {R"({"tag":{"like":"x"}})", "'like' is no filter operator; there are eq"},
      {R"({"tag":{"$eq":"x"}})", "'$eq' is no filter operator"},
      {R"({"tag":{"EQ":"x"}})", "'EQ' is no filter operator"},
      {R"({"tag":{}})", "names no operator"},
      {R"({"tag":null})", "a filter value must be"},
      {R"({"tag":{"eq":{"a":1}}})", "a filter value must be"},
      {R"({"tag":{"any":["a",null]}})", "a filter value must be"},
      {R"({"tag":{"any":[["a"]]}})", "a filter value must be"},
      {R"({"tag":"a","tag":"b"})", "given twice"},
      {R"({"and":[]})", "at least one filter"},
      {R"({"and":{}})", "at least one filter"},
      {R"({"or":[]})", "at least one filter"},
      {R"({"or":"x"})", "at least one filter"},
      {R"({"or":[1]})", "a filter must be an object"},
      {R"({"not":[]})", "a filter must be an object"},
      {R"({"not":{}})", "a filter must be an object"},
      {R"({"observed_at":{"gt":"yesterday"}})", "time"},
      {R"({"recorded_at":"2026"})", "time"},
      {R"({"metadata.k":{"gt":9007199254740993}})", "whole numbers are kept exactly"},
      {repeated(R"({"not":)", 17) + R"({"tag":"x"})" + repeated("}", 17), "nested deeper than"},
      {repeated(R"({"and":[)", 17) + R"({"tag":"x"})" + repeated("]}", 17), "nested deeper than"},
  };
  Table table;
  for (const auto& [filter, told] : filters) {
    table.push_back({"POST", "/v1/retrieve", with("\"filter\":" + filter), told});
    table.push_back({"POST", "/v1/forget", with("\"filter\":" + filter), told});
    table.push_back({"GET", "/v1/memories" + kScope + "&filter=" + filter, "", told});
  }
  table.push_back({"GET", "/v1/memories" + kScope + "&filter=", "", "'filter' is wrong"});
  table.push_back({"GET", "/v1/memories" + kScope + "&filter={", "", "'filter' is wrong"});
  table.push_back({"GET", "/v1/memories" + kScope + "&filter=tag", "", "'filter' is wrong"});
  expect_all_refused(table);
}

TEST(HttpBadBodies, QuestionsThatAreNone) {
  const std::vector<std::pair<std::string, std::string>> members = {
      {R"("q":"tea")", "'q' is no field: there are namespace, agent_id, query"},
      {R"("query":["tea"])", "'query' must be a string"},
      {R"("limit":0)", "'limit' must be a whole number from 1 to 1000"},
      {R"("limit":1001)", "'limit' must be a whole number from 1 to 1000"},
      {R"("limit":-1)", "'limit' must be a whole number"},
      {R"("limit":1.5)", "'limit' must be a whole number"},
      {R"("limit":1e1)", "'limit' must be a whole number"},
      {R"("limit":"ten")", "'limit' must be a whole number"},
      {R"("limit":"")", "'limit' must be a whole number"},
      {R"("limit":" 1")", "'limit' must be a whole number"},
      {R"("limit":"1 ")", "'limit' must be a whole number"},
      {R"("limit":"+1")", "'limit' must be a whole number"},
      {R"("limit":"18446744073709551616")", "'limit' must be a whole number"},
      {R"("limit":true)", "'limit' must be a whole number"},
      {R"("limit":[10])", "'limit' must be a whole number"},
      {R"("context_token_budget":4294967296)", "from 0 to 4294967295"},
      {R"("context_token_budget":-1)", "'context_token_budget' must be a whole number"},
      {R"("contextTokenBudget":"x")", "'context_token_budget' must be a whole number"},
      {R"("explain":"yes")", "'explain' must be true or false"},
      {R"("explain":1)", "'explain' must be true or false"},
      {R"("no_cache":0)", "'no_cache' must be true or false"},
      {R"("touch":"false")", "'touch' must be true or false"},
      {R"("min_position":5)", "'min_position' must be a list"},
      {R"("min_position":[5])", "'min_position[0]' must be a string"},
      {R"("reference_time":0)", "'reference_time' must be a string"},
      {R"("reference_time":"now")", "'reference_time' must be a time"},
      {R"("embedding":"x")", "'embedding' must be an object"},
      {R"("as_of":7)", "'as_of' must be a string"},
      {R"("tier_mode":1)", "'tier_mode' must be a string"},
      {R"("session_id":1)", "'session_id' must be a string"},
  };
  Table table;
  for (const auto& [member, told] : members) table.push_back({"POST", "/v1/retrieve", with(member), told});
  table.push_back({"POST", "/v1/forget", with(R"("dry_run":"yes")"), "'dry_run' must be true or false"});
  table.push_back({"POST", "/v1/forget", with(R"("dryRun":1)"), "'dry_run' must be true or false"});
  table.push_back({"POST", "/v1/forget", with(R"("id":"m")"), "'id' is no field"});
  expect_all_refused(table);
}

}  // namespace
}  // namespace mnemo
