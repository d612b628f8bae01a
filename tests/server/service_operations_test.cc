// Policies, the journal of operations, rules.
#include <thread>

#include "tests/server/service_fixture.h"

namespace mnemo::service_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ServiceOperations : public ServiceTest {
 protected:
  static std::shared_ptr<Principal> of(std::vector<std::string> namespaces, bool read = true, bool admin = true) {
    auto principal = everyone();
    principal->every_namespace = false;
    principal->namespaces = std::move(namespaces);
    principal->read = read;
    principal->write = false;
    principal->admin = admin;
    return principal;
  }
  static v1::SetPolicyRequest policy(uint64_t ttl_ms, const std::string& key = "",
                                     const std::string& name_space = "acme") {
    v1::SetPolicyRequest request;
    request.set_namespace_(name_space);
    request.set_ttl_ms(ttl_ms);
    request.set_idempotency_key(key);
    return request;
  }
  v1::GetPolicyResponse policy_of(const std::string& name_space) {
    v1::GetPolicyRequest request;
    request.set_namespace_(name_space);
    return ask(&Service::get_policy, request).value();
  }
  Result<v1::GetOperationResponse> operation(const std::string& id, const Call& call) {
    v1::GetOperationRequest request;
    request.set_id(id);
    return ask(&Service::get_operation, call, request);
  }
  std::vector<std::string> listed(const Call& call, const std::string& name_space = "") {
    v1::ListOperationsRequest request;
    request.set_namespace_(name_space);
    std::vector<std::string> ids;
    const auto page = ask(&Service::list_operations, call, request);
    EXPECT_TRUE(page) << page.error().message;
    if (page) {
      for (const v1::Operation& each : page->operations()) ids.push_back(each.id());
    }
    return ids;
  }
  // What goes on by itself has its pauses by the test's clock.
  v1::Operation await_end(const std::string& id) {
    while (true) {
      const v1::Operation found = operation(id, call()).value().operation();
      if (found.state() != "running") return found;
      monotonic_.advance(std::chrono::minutes(1));
      service_->look_at_clock();
      std::this_thread::yield();
    }
  }
  uint64_t records() const {
    uint64_t sum = 0;
    for (uint32_t p = 0; p < node_->partitions(); ++p) sum += node_->log().end(PartitionId(p)).value();
    return sum;
  }
};

TEST_F(ServiceOperations, APolicyIsInForceWhenItIsAnsweredAndTheJournalTellsOfIt) {
  start();
  EXPECT_EQ(policy_of("acme").version(), 0u);
  const auto set = ask(&Service::set_policy, policy(5000));
  ASSERT_TRUE(set) << set.error().message;
  EXPECT_FALSE(set->pending());
  EXPECT_EQ(set->version(), 1u);
  const v1::GetPolicyResponse in_force = policy_of("acme");
  EXPECT_EQ(in_force.version(), 1u);
  EXPECT_EQ(in_force.ttl_ms(), 5000u);
  EXPECT_EQ(policy_of("other").version(), 0u);
  const auto found = operation(set->operation(), call());
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->operation().kind(), "policy");
  EXPECT_EQ(found->operation().state(), "done");
  EXPECT_EQ(found->operation().namespace_(), "acme");
  EXPECT_EQ(found->operation().steps(), node_->partitions());
  EXPECT_EQ(found->operation().steps_done(), node_->partitions());
  EXPECT_EQ(found->operation().detail(), "version=1");
  EXPECT_TRUE(found->operation().has_started_at());
  EXPECT_TRUE(found->operation().has_finished_at());
  EXPECT_TRUE(parse_position(found->position()));
  EXPECT_THAT(listed(call()), ElementsAre(set->operation()));
}

TEST_F(ServiceOperations, WhatAPolicyDoesNotSayStaysAsTheOneBeforeSaysAndIsDecidedWhenItStarts) {
  start();
  {
    // As a version that took record_access may have left it.
    OperationRunner before(*node_);
    ASSERT_TRUE(
        before.set_policy({"acme", 5000, true}, "", std::chrono::steady_clock::now() + std::chrono::minutes(1)));
  }
  v1::SetPolicyRequest nothing;
  nothing.set_namespace_("acme");
  nothing.set_idempotency_key("k");
  const auto kept = ask(&Service::set_policy, nothing).value();
  EXPECT_EQ(kept.version(), 2u);
  EXPECT_EQ(policy_of("acme").ttl_ms(), 5000u);
  EXPECT_TRUE(policy_of("acme").record_access());
  v1::SetPolicyRequest off = policy(6000);
  off.set_record_access(false);
  ASSERT_TRUE(ask(&Service::set_policy, off));
  EXPECT_EQ(policy_of("acme").ttl_ms(), 6000u);
  EXPECT_FALSE(policy_of("acme").record_access());
  EXPECT_EQ(ask(&Service::set_policy, nothing)->operation(), kept.operation()) << "what stays is decided once";
  EXPECT_EQ(policy_of("acme").ttl_ms(), 6000u);
  EXPECT_EQ(ask(&Service::set_policy, policy(0, "k")).error().code, Code::kAlreadyExists);
  nothing.set_record_access(false);
  EXPECT_EQ(ask(&Service::set_policy, nothing).error().code, Code::kAlreadyExists);
  ASSERT_TRUE(ask(&Service::set_policy, policy(0)));
  EXPECT_EQ(policy_of("acme").ttl_ms(), 0u) << "zero is said";
}

TEST_F(ServiceOperations, RecordingAccessIsRefusedByNameUntilItDoesSomething) {
  start();
  v1::SetPolicyRequest request = policy(5000);
  request.set_record_access(true);
  const auto refused = ask(&Service::set_policy, request);
  EXPECT_EQ(refused.error().code, Code::kUnimplemented);
  EXPECT_THAT(refused.error().message, HasSubstr("record_access comes with a later version"));
  EXPECT_EQ(policy_of("acme").version(), 0u);
  v1::RetrieveRequest question = scoped<v1::RetrieveRequest>();
  question.set_query("tea");
  question.set_touch(false);
  EXPECT_TRUE(ask(&Service::retrieve, question));
  question.set_touch(true);
  EXPECT_EQ(ask(&Service::retrieve, question).error().code, Code::kUnimplemented);
  EXPECT_THAT(ask(&Service::retrieve, question).error().message, HasSubstr("touch comes with a later version"));
}

TEST_F(ServiceOperations, TheSameKeyFindsTheSameOperationAndOtherFieldsAreRefused) {
  start();
  const auto first = ask(&Service::set_policy, policy(5000, "k")).value();
  const uint64_t before = records();
  EXPECT_EQ(ask(&Service::set_policy, policy(5000, "k"))->operation(), first.operation());
  EXPECT_EQ(ask(&Service::set_policy, policy(6000, "k")).error().code, Code::kAlreadyExists);
  EXPECT_EQ(records(), before);
  Call keyed = call();
  keyed.idempotency_key = "k";
  EXPECT_EQ(ask(&Service::set_policy, keyed, policy(5000))->operation(), first.operation());
  EXPECT_EQ(ask(&Service::set_policy, keyed, policy(5000, "l")).error().code, Code::kInvalidArgument);
}

TEST_F(ServiceOperations, RequestsThatAreNoneStartNothing) {
  start();
  const uint64_t before = records();
  for (const auto& request : {policy(1, "", ""), policy(1, "", std::string(129, 'n')), policy(UINT64_MAX),
                              policy(1, std::string(100000, 'k')), policy(1, "\xff")}) {
    EXPECT_EQ(ask(&Service::set_policy, request).error().code, Code::kInvalidArgument) << request.ShortDebugString();
  }
  EXPECT_EQ(operation("zz", call()).error().code, Code::kInvalidArgument);
  EXPECT_EQ(operation("", call()).error().code, Code::kInvalidArgument);
  EXPECT_EQ(operation(std::string(32, '0'), call()).error().code, Code::kNotFound);
  EXPECT_EQ(ask(&Service::get_policy, v1::GetPolicyRequest()).error().code, Code::kInvalidArgument);
  v1::ListOperationsRequest list;
  list.set_limit(1001);
  EXPECT_EQ(ask(&Service::list_operations, list).error().code, Code::kInvalidArgument);
  list.set_limit(1);
  list.set_cursor("zz");
  EXPECT_EQ(ask(&Service::list_operations, list).error().code, Code::kInvalidArgument);
  EXPECT_EQ(records(), before);
}

TEST_F(ServiceOperations, PagesOfTheJournalGoOnWhereTheOneBeforeEnded) {
  start();
  std::vector<std::string> expected;
  for (int i = 0; i < 5; ++i) {
    clock_.advance_ms(10);
    expected.insert(expected.begin(), ask(&Service::set_policy, policy(1000 + static_cast<uint64_t>(i)))->operation());
  }
  std::vector<std::string> ids;
  v1::ListOperationsRequest request;
  request.set_limit(2);
  do {
    const auto page = ask(&Service::list_operations, request).value();
    EXPECT_EQ(page.truncated(), !page.next_cursor().empty());
    for (const v1::Operation& each : page.operations()) ids.push_back(each.id());
    request.set_cursor(page.next_cursor());
  } while (!request.cursor().empty());
  EXPECT_EQ(ids, expected);
}

TEST_F(ServiceOperations, AForeignNamespaceAnswersAsOneThatIsNot) {
  start();
  const auto ours = ask(&Service::set_policy, policy(1000, "", "acme")).value();
  clock_.advance_ms(10);
  const auto theirs = ask(&Service::set_policy, policy(1000, "", "other")).value();
  const Call acme = call(of({"acme"}));
  EXPECT_THAT(listed(acme), ElementsAre(ours.operation()));
  EXPECT_THAT(listed(call()), ElementsAre(theirs.operation(), ours.operation()));
  EXPECT_THAT(listed(call(), "acme"), ElementsAre(ours.operation()));
  EXPECT_TRUE(operation(ours.operation(), acme));
  const auto foreign = operation(theirs.operation(), acme);
  const auto absent = operation(std::string(32, '0'), acme);
  ASSERT_FALSE(foreign || absent);
  EXPECT_EQ(foreign.error().code, Code::kNotFound);
  EXPECT_EQ(foreign.error().message.size(), absent.error().message.size());
  v1::ListOperationsRequest list;
  list.set_namespace_("other");
  EXPECT_EQ(ask(&Service::list_operations, acme, list).error().code, Code::kNotFound);
  EXPECT_EQ(ask(&Service::set_policy, acme, policy(1, "", "other")).error().code, Code::kNotFound);
  v1::GetPolicyRequest get;
  get.set_namespace_("other");
  EXPECT_EQ(ask(&Service::get_policy, acme, get).error().code, Code::kNotFound);
}

TEST_F(ServiceOperations, SettingAPolicyNeedsAdminAndSeeingItReadOrAdmin) {
  start();
  const auto set = ask(&Service::set_policy, policy(1000)).value();
  v1::GetPolicyRequest get;
  get.set_namespace_("acme");
  const Call reader = call(of({"acme"}, true, false));
  const Call admin = call(of({"acme"}, false, true));
  const Call neither = call(of({"acme"}, false, false));
  EXPECT_EQ(ask(&Service::set_policy, reader, policy(1)).error().code, Code::kPermissionDenied);
  EXPECT_TRUE(ask(&Service::set_policy, admin, policy(2)));
  for (const Call& may : {reader, admin}) {
    EXPECT_TRUE(ask(&Service::get_policy, may, get));
    EXPECT_TRUE(operation(set.operation(), may));
    EXPECT_THAT(listed(may), SizeIs(2));
  }
  EXPECT_EQ(ask(&Service::get_policy, neither, get).error().code, Code::kPermissionDenied);
  EXPECT_EQ(operation(set.operation(), neither).error().code, Code::kPermissionDenied);
  EXPECT_EQ(ask(&Service::list_operations, neither, v1::ListOperationsRequest()).error().code, Code::kPermissionDenied);
}

TEST_F(ServiceOperations, WhatIsNotDoneAtTheDeadlineIsPendingAndGoesOnByItself) {
  start();
  ASSERT_TRUE(ask(&Service::set_policy, policy(1000)));
  gate_.close();  // whoever announces something stands still: the memory's partition
  remember_now(memory("oolong"));
  gate_.await_one();
  Waited<v1::SetPolicyResponse> waited;
  service_->set_policy(call(), policy(2000, "k"), waited.reply());
  // It stands before the partition that stands still: at a step there, or at its start, which nobody can tell then.
  pass_deadlines();
  const auto answered = waited.get();
  gate_.open();
  if (answered) {
    EXPECT_TRUE(answered->pending());
    EXPECT_EQ(await_end(answered->operation()).state(), "done");
  } else {
    EXPECT_EQ(answered.error().code, Code::kDeadlineExceeded);
  }
  const auto again = ask(&Service::set_policy, policy(2000, "k"));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->version(), 2u);
  EXPECT_FALSE(again->pending());
  EXPECT_EQ(policy_of("acme").ttl_ms(), 2000u);
}

TEST_F(ServiceOperations, WhatAProcessBeforeLeftGoesOnWithoutBeingAskedAndOnlyOnce) {
  start();
  service_.reset();  // which looks at its start for what it is to go on with
  std::string id;
  {
    OperationRunner before(*node_);
    const auto started =
        before.start_policy({"acme", 7000, {}}, "", std::chrono::steady_clock::now() + std::chrono::seconds(20))
            .value();
    ASSERT_EQ(started.done, 0u);
    id = to_hex(started.id);
  }
  stop();
  start();
  EXPECT_EQ(await_end(id).state(), "done");
  EXPECT_EQ(policy_of("acme").ttl_ms(), 7000u);
  const uint64_t done = records();
  stop();
  start();
  EXPECT_EQ(await_end(id).state(), "done");
  ASSERT_TRUE(ask(&Service::set_policy, policy(7000)));  // comes behind what a start resumes
  EXPECT_EQ(records(), done + 2 + 2 * node_->partitions()) << "nothing of the finished one is done again";
}

// The log of a build that knew one kind less.
class ServiceOnAnOlderLog : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    std::vector<NewRecord> first = genesis_records(older_.identity(), key_.check_value(), clock_, ids_);
    for (NewRecord& record : first) {
      v1::Envelope envelope;
      ASSERT_TRUE(decode(record.value, envelope));
      if (!envelope.has_rules_activated()) continue;
      envelope.mutable_rules_activated()->mutable_active_kinds()->RemoveLast();
      record.value = envelope.SerializeAsString();
    }
    ASSERT_TRUE(append_and_wait(older_, std::move(first)));
    start({.workers = 1}, older_);
  }
  void TearDown() override {
    stop();
    ServiceTest::TearDown();
  }

  MemoryLog older_{{.partitions = 2, .log_id = {7}, .clock = &clock_}};
};

TEST_F(ServiceOnAnOlderLog, ActivatingTellsEveryPartitionHoweverLongItTakesToBeInForce) {
  stall();
  const PartitionId stalled = node_->partition_for("acme", "nina");
  const uint64_t end = older_.end(stalled).value();
  Waited<v1::ActivateRulesResponse> activated;
  service_->activate_rules(call(), activated.reply());
  while (older_.end(stalled).value() == end) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(700));  // longer than the service waits at a time
  gate_.open();
  const auto told = activated.get();
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_THAT(told->partitions(), ::testing::ElementsAre(0U, 1U));
}

TEST_F(ServiceOperations, RulesTellWhatIsActiveAndWhatIsMissing) {
  start();
  Waited<v1::GetRulesResponse> rules;
  service_->rules(call(), rules.reply());
  const auto told = rules.get();
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_EQ(told->rules_version(), 1u);
  EXPECT_THAT(told->active_kinds(), ::testing::Contains("OperationStarted"));
  EXPECT_THAT(told->missing_kinds(), IsEmpty());
  const uint64_t before = records();
  Waited<v1::ActivateRulesResponse> activated;
  service_->activate_rules(call(), activated.reply());
  const auto nothing = activated.get();
  ASSERT_TRUE(nothing) << nothing.error().message;
  EXPECT_THAT(nothing->partitions(), IsEmpty());
  EXPECT_EQ(records(), before);
  Waited<v1::ActivateRulesResponse> refused;
  service_->activate_rules(call(of({"acme"})), refused.reply());
  EXPECT_EQ(refused.get().error().code, Code::kPermissionDenied);
}

}  // namespace
}  // namespace mnemo::service_test
