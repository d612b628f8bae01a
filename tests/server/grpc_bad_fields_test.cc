// Requests whose fields are out of their bounds: each has its error, and none leaves an event.
#include "tests/server/grpc_bad_requests.h"

namespace mnemo::service_test {
namespace {

TEST_F(GrpcBadRequests, MemoriesThatAreNone) {
  const std::string big(65'537, 'x');
  expect_all_refused({
      {"Remember", "", "namespace", grpc::NOT_FOUND},
      {"Remember", "memory { " + kScope + " }", "text"},
      {"Remember", "memory { " + kScope + " text: '' }", "text"},
      {"Remember", "memory { " + kScope + " text: '" + big + "' }", "65537 bytes"},
      {"Remember", with_text("id: '" + std::string(257, 'i') + "'"), "257 bytes"},
      {"Remember", with_text("id: 'a\\000b'"), "control character"},
      {"Remember", with_text("session_id: '" + std::string(257, 's') + "'"), "session_id"},
      {"Remember", with_text("session_id: 'a\\001'"), "session_id"},
      {"Remember", with_text("speaker: '" + std::string(257, 's') + "'"), "speaker"},
      {"Remember", with_text("source: '" + std::string(257, 's') + "'"), "source"},
      {"Remember", with_text("class: 99"), "99"},
      {"Remember", with_text("tier: 99"), "99"},
      {"Remember", with_text("tier: -1"), "-1"},
      {"Remember", with_text("kind: 'no kind'"), "kind"},
      {"Remember", with_text("kind: '" + std::string(65, 'k') + "'"), "kind"},
      {"Remember", with_text("kind: '../etc'"), "kind"},
      {"Remember", with_text(repeated("tags: 't' ", 65)), "tags"},
      {"Remember", with_text("tags: ''"), "tags"},
      {"Remember", with_text("tags: '" + std::string(257, 't') + "'"), "tags"},
      {"Remember", with_text("metadata { key: 'mood' }"), "mood"},
      {"Remember", with_text("metadata { key: 'mood' value { } }"), "mood"},
      {"Remember", with_text("metadata { key: '' value { flag: true } }"), "metadata"},
      {"Remember", with_text("metadata { key: '" + std::string(129, 'm') + "' value { flag: true } }"), "129 bytes"},
      {"Remember", with_text("metadata { key: 'n' value { number: nan } }"), "finite"},
      {"Remember", with_text("metadata { key: 'n' value { number: inf } }"), "finite"},
      {"Remember", with_text("metadata { key: 'n' value { text: '" + std::string(4097, 'v') + "' } }"), "4097 bytes"},
      {"Remember", with_text("content: 'no json'"), "content"},
      {"Remember", with_text("content: '{\"a\":1,\"a\":2}'"), "content"},
      {"Remember", with_text("content: '" + repeated("[", 65) + repeated("]", 65) + "'"), "content"},
      {"Remember", with_text("content: '" + repeated("[", 100'000) + "'"), "content"},
      {"Remember", with_text("content: '1e999'"), "content"},
      {"Remember", with_text("content: '\"" + std::string(262'144, 'x') + "\"'"), "content"},
      {"Remember", with_text("observed_at { seconds: 253402300800 }"), "observed_at"},
      {"Remember", with_text("observed_at { seconds: -62135596801 }"), "observed_at"},
      {"Remember", with_text("observed_at { nanos: -1 }"), "observed_at"},
      {"Remember", with_text("observed_at { nanos: 1000000000 }"), "observed_at"},
      {"Remember", with_text("expires_at { seconds: 9223372036854775807 }"), "expires_at"},
      {"Remember", with_text("expires_at { }"), "expires_at"},
      {"Remember", with_text("importance: -0.1"), "importance"},
      {"Remember", with_text("importance: 1.1"), "importance"},
      {"Remember", with_text("importance: nan"), "importance"},
      {"Remember", with_text("embedding { }"), "model"},
      {"Remember", with_text("embedding { model: 'm' }"), "values"},
      {"Remember", with_text("embedding { model: '" + std::string(257, 'm') + "' values: 1 }"), "model"},
      {"Remember", with_text("embedding { values: 1 }"), "model"},
      {"Remember", with_text("embedding { model: 'm' values: inf }"), "finite"},
      {"Remember", with_text("embedding { model: 'm' " + repeated("values: 1 ", 4097) + "}"), "4097"},
      {"Remember", with_text("idempotency_key: '" + std::string(257, 'k') + "'"), "257 bytes"},
      {"RememberBatch", "", "1 to 1000"},
      {"RememberBatch", repeated("memories { } ", 1001), "1 to 1000"},
  });
}

TEST_F(GrpcBadRequests, IdsUpdatesAndLinksThatAreNone) {
  expect_all_refused({
      {"GetMemory", kScope, "id"},
      {"GetMemory", in_scope("id: 'never heard of'"), "", grpc::NOT_FOUND},
      {"GetMemory", in_scope("id: '" + std::string(100'000, 'i') + "'"), "", grpc::NOT_FOUND},
      {"GetHistory", kScope, "id"},
      {"GetHistory", in_scope("id: '../../etc/passwd'"), "", grpc::NOT_FOUND},
      {"UpdateMemory", in_scope("text: 'new'"), "id"},
      {"UpdateMemory", in_scope("id: 'm'"), "changes nothing"},
      {"UpdateMemory", in_scope("id: 'm' text: ''"), "text"},
      {"UpdateMemory", in_scope("id: 'm' text: '" + std::string(65'537, 'x') + "'"), "65537 bytes"},
      {"UpdateMemory", in_scope("id: 'm' class: 99"), "99"},
      {"UpdateMemory", in_scope("id: 'm' kind: 'no kind'"), "kind"},
      {"UpdateMemory", in_scope("id: 'm' tags { values: '' }"), "tags"},
      {"UpdateMemory", in_scope("id: 'm' content: '{'"), "content"},
      {"UpdateMemory", in_scope("id: 'm' importance: 2"), "importance"},
      {"UpdateMemory", in_scope("id: 'm' never_expires: true expires_at { seconds: 1 }"), "never_expires"},
      {"UpdateMemory", in_scope("id: 'm' metadata { entries { key: 'a' value { } } }"), "'a'"},
      {"ForgetMemory", kScope, "id"},
      {"ForgetMemory", in_scope("id: '" + std::string(257, 'i') + "'"), "257 bytes"},
      {"ForgetMemory", in_scope("id: 'm' idempotency_key: '" + std::string(257, 'k') + "'"), "257 bytes"},
      {"LinkMemories", kScope, "is missing"},
      {"LinkMemories", in_scope("id: 'a' type: 't'"), "to_memory_id"},
      {"LinkMemories", in_scope("id: 'a' to: 'b'"), "type"},
      {"LinkMemories", in_scope("id: 'a' to: 'a' type: 't'"), "another one"},
      {"LinkMemories", in_scope("id: 'a' to: 'b' type: 'no type'"), "type"},
      {"LinkMemories", in_scope("id: 'a' to: 'b' type: '" + std::string(65, 't') + "'"), "type"},
      {"LinkMemories", in_scope("id: 'a' to: '" + std::string(257, 'b') + "' type: 't'"), "257 bytes"},
      {"UnlinkMemories", kScope, "is missing"},
      {"UnlinkMemories", in_scope("id: 'a' type: 't'"), "to_memory_id"},
      {"UnlinkMemories", in_scope("id: 'a' to: 'b' type: 'a b'"), "type"},
  });
}

TEST_F(GrpcBadRequests, FiltersThatAreNone) {
  const std::string deep = "filter { " + repeated("not { ", 40) +
                           "condition { field: TAG op: EQ values { text: 't' } }" + repeated(" }", 41);
  const std::string wide =
      "filter { and { " + repeated("filters { condition { field: TAG op: EQ values { text: 't' } } } ", 64) + "} }";
  std::vector<Bad> table = {{"ForgetByFilter", kScope, "filter"},
                            {"ForgetByFilter", in_scope("dry_run: true"), "filter"}};
  for (const std::string name : {"ForgetByFilter", "ListMemories", "Retrieve"}) {
    const std::vector<Bad> each = {
        {name, in_scope("filter { }"), "empty"},
        {name, in_scope("filter { and { } }"), "at least one"},
        {name, in_scope("filter { or { filters { } } }"), "empty"},
        {name, in_scope("filter { not { } }"), "empty"},
        {name, in_scope(deep), "levels"},
        {name, in_scope(wide), "65"},
        {name, condition(""), "field"},
        {name, condition("field: 77 op: EQ values { text: 't' }"), "77"},
        {name, condition("field: TAG op: 77 values { text: 't' }"), "77"},
        {name, condition("field: TAG values { text: 't' }"), "operator"},
        {name, condition("field: TAG op: EQ"), "value"},
        {name, condition("field: TAG op: EQ values { }"), "value"},
        {name, condition("field: TAG op: EQ values { number: 1 }"), "value"},
        {name, condition("field: TAG op: GT values { text: 't' }"), "operator"},
        {name, condition("field: TAG op: STARTSWITH values { text: '' }"), "prefix"},
        {name, condition("field: CLASS op: EQ values { text: 'tea' }"), "'tea'"},
        {name, condition("field: TIER op: EQ values { text: 'top' }"), "'top'"},
        {name, condition("field: METADATA op: EQ values { text: 't' }"), "metadata"},
        {name, condition("field: TAG metadata_key: 'k' op: EQ values { text: 't' }"), "metadata"},
        {name, condition("field: METADATA metadata_key: 'k' op: GT values { number: nan }"), "finite"},
        {name, condition("field: METADATA metadata_key: 'k' op: BETWEEN values { number: 1 }"), "value"},
        {name, condition("field: METADATA metadata_key: 'k' op: BETWEEN values { number: 2 } values { number: 1 }"),
         "swap"},
        {name, condition("field: OBSERVED_AT op: EQ values { text: 'now' }"), "value"},
        {name, condition("field: TAG op: ANY " + repeated("values { text: 't' } ", 257)), "257"},
    };
    table.insert(table.end(), each.begin(), each.end());
  }
  expect_all_refused(table);
}

TEST_F(GrpcBadRequests, ReadsThatAreNone) {
  std::vector<Bad> table = {
      {"ListMemories", in_scope("limit: 1001"), "1001"},
      {"ListMemories", in_scope("limit: 4294967295"), "4294967295"},
      {"ListMemories", in_scope("cursor: 'nonsense'"), "cursor"},
      {"ListMemories", in_scope("cursor: '" + std::string(100'000, 'c') + "'"), "cursor"},
      {"Retrieve", in_scope("limit: 0"), "limit"},
      {"Retrieve", in_scope("limit: 1001"), "1001"},
      {"Retrieve", in_scope("query: '" + std::string(8193, 'q') + "'"), "8193"},
      {"Retrieve", in_scope("context_token_budget: 1000001"), "1000001"},
      {"Retrieve", in_scope("reference_time { seconds: 253402300800 }"), "reference_time"},
      {"Retrieve", in_scope("tier_mode: 'all'"), "tier_mode", grpc::UNIMPLEMENTED},
      {"Retrieve", in_scope("as_of: '0-1-1'"), "as_of", grpc::UNIMPLEMENTED},
      {"Retrieve", in_scope("embedding { }"), "embedding", grpc::UNIMPLEMENTED},
  };
  const PartitionId own = node_->partition_for("acme", "nina");
  const std::string elsewhere = to_string(Position{PartitionId(1 - own.value), 1, 0});
  const std::string beyond = to_string(Position{own, 1, 1'000'000});
  const std::string before = to_string(Position{own, 2, 0});
  for (const std::string name : {"GetMemory", "GetHistory", "ListMemories", "Retrieve"}) {
    for (const std::string text : {"", "x", "0", "0-1", "0-1-", "-0-1-1", "0-1-1-1", "00-1-1",
                                   "0-1-18446744073709551616", "0 1 1", "0-1-1 ", "9-1-0", "4294967296-1-0"}) {
      table.push_back({name, in_scope("min_position: '" + text + "'"), "min_position"});
    }
    table.push_back({name, in_scope("min_position: '" + elsewhere + "'"), "this agent lives in"});
    table.push_back({name, in_scope("min_position: '" + before + "'"), "epoch", grpc::FAILED_PRECONDITION});
    table.push_back({name, in_scope("min_position: '" + beyond + "'"), "which server it came from", grpc::DATA_LOSS});
    table.push_back({name, in_scope(repeated("min_position: '0-1-0' ", 1025)), "1025"});
  }
  expect_all_refused(table);
}

}  // namespace
}  // namespace mnemo::service_test
