// Requests that gRPC clients should not send, by whoever sends them and as bytes: each has its error, and none leaves
// an event.
#include <algorithm>

#include "tests/server/grpc_bad_requests.h"

namespace mnemo::service_test {
namespace {

TEST_F(GrpcBadRequests, WhoHasNoKeyIsToldNothingElse) {
  for (const std::string& name : all_rpcs()) {
    for (const std::string authorization : {"", "Bearer bad", "Basic good"}) {
      Metadata metadata;
      if (!authorization.empty()) metadata.emplace_back("authorization", authorization);
      for (const std::string& bytes : {std::string(), std::string("\xff")}) {
        expect_refused(name + " as " + authorization, send(name, bytes, metadata), grpc::UNAUTHENTICATED, "key");
      }
    }
  }
}

TEST_F(GrpcBadRequests, BytesThatAreNoSuchMessage) {
  for (const std::string& name : kServed) {
    const std::string type = rpc(name).input_type()->full_name();
    const std::pair<std::string, std::string> bytes[] = {
        {"\xff", type},  // no tag
        {std::string("\x0a\x05"
                     "ab"),
         type},                                 // shorter than it says
        {std::string("\x0c"), type},            // the end of a group that has not begun
        {repeated("\xfb\x7f", 300), type},      // groups in groups
        {std::string("\xf8\x7f\x01"), "2047"},  // a field that there is not
        {std::string("\xfa\x7f\x02"
                     "ab"),
         "2047"},
        {std::string("\x00\x01", 2), type},  // field 0
    };
    for (const auto& [sent, told] : bytes) {
      expect_refused(name + " with " + to_hex(sent), send(name, sent), grpc::INVALID_ARGUMENT, told);
    }
  }
}

TEST_F(GrpcBadRequests, StringsThatAreNoUtf8) {
  for (const std::string& name : kServed) {
    const google::protobuf::Descriptor& type = *rpc(name).input_type();
    for (int i = 0; i < type.field_count(); ++i) {
      if (type.field(i)->type() != google::protobuf::FieldDescriptor::TYPE_STRING) continue;
      const auto tag = static_cast<char>(type.field(i)->number() << 3 | 2);
      if (type.field(i)->number() > 15) continue;
      const std::string bytes = std::string(1, tag) + "\x02\xc3\x28";
      expect_refused(name + " " + type.field(i)->name(), send(name, bytes), grpc::INVALID_ARGUMENT, type.full_name());
    }
  }
}

TEST_F(GrpcBadRequests, ScopesThatAreNone) {
  const std::string long_name(129, 'n');
  for (const std::string& name : kServed) {
    const bool inside = name == "Remember";
    // Whose request names an agent.
    if (!inside && rpc(name).input_type()->FindFieldByName("agent_id") == nullptr) continue;
    const auto in = [&](const std::string& fields) {
      return inside ? "memory { text: 'tea' " + fields + " }" : fields;
    };
    expect_all_refused({
        {name, in(""), "namespace", grpc::NOT_FOUND},
        {name, in("agent_id: 'nina'"), "namespace", grpc::NOT_FOUND},
        {name, in("namespace: 'acme'"), "agent"},
        {name, in("namespace: 'others' agent_id: 'nina'"), "namespace", grpc::NOT_FOUND},
        {name, in("namespace: 'acme\\000' agent_id: 'nina'"), "namespace", grpc::NOT_FOUND},
        {name, in("namespace: 'acme/nina' agent_id: 'nina'"), "namespace", grpc::NOT_FOUND},
        {name, in("namespace: '" + long_name + "' agent_id: 'nina'"), "namespace", grpc::NOT_FOUND},
        {name, in("namespace: 'acme' agent_id: 'ni\\000na'"), "control character"},
        {name, in("namespace: 'acme' agent_id: 'ni\\nna'"), "control character"},
        {name, in("namespace: 'acme' agent_id: '" + std::string(257, 'a') + "'"), "257 bytes"},
    });
  }
}

TEST_F(GrpcBadRequests, RightsThatAKeyLacks) {
  const Metadata reader = {{"authorization", "Bearer reader"}};
  const Metadata writer = {{"authorization", "Bearer writer"}};
  for (const std::string name : {"UpdateMemory", "ForgetMemory", "ForgetByFilter", "LinkMemories", "UnlinkMemories"}) {
    expect_refused(name, send(name, request(name, kScope), reader), grpc::PERMISSION_DENIED, "'write'");
  }
  expect_refused("Remember", send("Remember", request("Remember", with_text("")), reader), grpc::PERMISSION_DENIED,
                 "'write'");
  for (const std::string name : {"GetMemory", "GetHistory", "ListMemories", "Retrieve"}) {
    expect_refused(name, send(name, request(name, kScope), writer), grpc::PERMISSION_DENIED, "'read'");
  }
  for (const std::string name : {"GetStatus", "GetDigests"}) {
    expect_refused(name, send(name, "", {kGood}), grpc::PERMISSION_DENIED, "every namespace");
  }
}

TEST_F(GrpcBadRequests, MetadataThatAreNone) {
  const std::string bytes = request("Remember", with_text("idempotency_key: 'own'"));
  const std::pair<Metadata, std::string> metadata[] = {
      {{{"idempotency-key", "other"}}, "idempotency"},
      {{{"idempotency-key", std::string(257, 'k')}}, "dempotency"},
      {{{"idempotency-key", ""}}, "empty"},
      {{{"idempotency-key", "own"}, {"idempotency-key", "own"}}, "more than once"},
      {{{"x-correlation-id", std::string(257, 'c')}}, "256 bytes"},
      {{{"x-request-id", std::string(257, 'c')}}, "256 bytes"},
      {{{"x-correlation-id", "a"}, {"x-correlation-id", "a"}}, "more than once"},
      {{{"authorization", "Bearer good"}}, "more than once"},
  };
  for (auto [given, told] : metadata) {
    given.push_back(kGood);
    expect_refused(told, send("Remember", bytes, given), grpc::INVALID_ARGUMENT, told);
  }
  const std::string batch = request("RememberBatch", "memories { " + kScope + "text: 't' }");
  expect_refused("a key of a batch", send("RememberBatch", batch, {kGood, {"idempotency-key", "k"}}),
                 grpc::INVALID_ARGUMENT, "its own idempotency_key");
}

TEST_F(GrpcBadRequests, WhatComesWithALaterVersion) {
  for (const std::string& name : all_rpcs()) {
    if (std::find(kServed.begin(), kServed.end(), name) != kServed.end()) continue;
    expect_refused(name, send(name, ""), grpc::UNIMPLEMENTED, name);
  }
}

}  // namespace
}  // namespace mnemo::service_test
