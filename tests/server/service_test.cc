// Writes and reads as a client sees them.
#include "tests/server/service_fixture.h"

namespace mnemo::service_test {
namespace {

using ::testing::HasSubstr;

TEST_F(ServiceTest, WhatIsRememberedIsRetrieved) {
  start();
  const auto remembered = remember_now(memory("Nina drinks oolong tea"));
  EXPECT_EQ(remembered.memory().text(), "Nina drinks oolong tea");
  EXPECT_EQ(remembered.memory().id(), remembered.memory_id());
  EXPECT_FALSE(remembered.duplicate());
  auto request = scoped<v1::RetrieveRequest>();
  request.set_query("which tea?");
  request.add_min_position(remembered.position());
  const auto found = ask(&Service::retrieve, request);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->results_size(), 1);
  EXPECT_EQ(found->results(0).memory().id(), remembered.memory_id());
  EXPECT_FALSE(found->degraded());
}

TEST_F(ServiceTest, EveryFieldOfAMemoryComesBack) {
  start();
  v1::RememberRequest request = memory("a text");
  v1::MemoryInput& input = *request.mutable_memory();
  input.set_id("own-id");
  input.set_session_id("s1");
  input.set_speaker("Nina");
  input.set_class_(v1::MEMORY_CLASS_SEMANTIC);
  input.set_kind("fact");
  input.add_tags("tea");
  (*input.mutable_metadata())["number"].set_number(-0.5);
  (*input.mutable_metadata())["flag"].set_flag(true);
  (*input.mutable_metadata())["text"].set_text("t");
  input.set_content("{\"a\":1}");
  input.set_source("a chat");
  input.mutable_observed_at()->set_seconds(-1);
  input.mutable_observed_at()->set_nanos(250'000'000);
  input.mutable_expires_at()->set_seconds(4'000'000'000);
  input.set_importance(0.25);
  input.set_pinned(true);
  input.set_tier(v1::TIER_MID);
  const v1::Memory kept = remember_now(request).memory();
  EXPECT_EQ(kept.id(), "own-id");
  EXPECT_EQ(kept.session_id(), "s1");
  EXPECT_EQ(kept.speaker(), "Nina");
  EXPECT_EQ(kept.class_(), v1::MEMORY_CLASS_SEMANTIC);
  EXPECT_EQ(kept.kind(), "fact");
  ASSERT_EQ(kept.tags_size(), 1);
  EXPECT_EQ(kept.metadata().at("number").number(), -0.5);
  EXPECT_TRUE(kept.metadata().at("flag").flag());
  EXPECT_EQ(kept.metadata().at("text").text(), "t");
  EXPECT_EQ(kept.content(), "{\"a\":1}");
  EXPECT_EQ(kept.source(), "a chat");
  EXPECT_EQ(kept.observed_at().seconds(), -1);
  EXPECT_EQ(kept.observed_at().nanos(), 250'000'000);
  EXPECT_EQ(kept.expires_at().seconds(), 4'000'000'000);
  EXPECT_EQ(kept.importance(), 0.25);
  EXPECT_TRUE(kept.pinned());
  EXPECT_EQ(kept.tier(), v1::TIER_MID);
  EXPECT_EQ(kept.version(), 1U);
  EXPECT_EQ(kept.recorded_at().seconds(), 1'700'000'000);
}

TEST_F(ServiceTest, ContentThatNotEveryDoorCouldPrintIsRefused) {
  start();
  for (const char* content : {"1e999", "[1E400]", R"({"a":1,"a":2})", "[18446744073709551616]", "not JSON", "{"}) {
    v1::RememberRequest request = memory("a text");
    request.mutable_memory()->set_content(content);
    const auto refused = ask(&Service::remember, request);
    ASSERT_FALSE(refused) << content;
    EXPECT_EQ(refused.error().code, Code::kInvalidArgument) << content;
    EXPECT_THAT(refused.error().message, ::testing::HasSubstr("content")) << content;
  }
}

TEST_F(ServiceTest, ARetryGetsTheFirstResultAgain) {
  start();
  const auto first = remember_now(keyed("k", "the same"));
  const auto again = remember_now(keyed("k", "the same"));
  EXPECT_TRUE(again.duplicate());
  EXPECT_EQ(again.event_id(), first.event_id());
  EXPECT_EQ(again.memory_id(), first.memory_id());
  EXPECT_EQ(again.memory().text(), "the same");
  EXPECT_NE(again.position(), first.position());
}

TEST_F(ServiceTest, AnotherRequestUnderAKeyIsAConflictThatTellsBothFingerprints) {
  start();
  remember_now(keyed("k", "the one"));
  const auto other = ask(&Service::remember, keyed("k", "another"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::kAlreadyExists);
  EXPECT_THAT(other.error().message, ::testing::ContainsRegex("fingerprint [0-9a-f]{32}, this one's is [0-9a-f]{32}"));
  EXPECT_THAT(other.error().message, HasSubstr("this idempotency key is taken"));
  EXPECT_THAT(other.error().message, HasSubstr("Use a new key"));
}

TEST_F(ServiceTest, TheKeyBesideTheRequestMustBeTheOneInIt) {
  start();
  Call keyed_call = call();
  keyed_call.idempotency_key = "beside";
  const auto refused = ask(&Service::remember, keyed_call, keyed("within", "a text"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  const auto first = ask(&Service::remember, keyed_call, memory("a text"));
  const auto again = ask(&Service::remember, keyed_call, keyed("beside", "a text"));
  ASSERT_TRUE(first && again);
  EXPECT_TRUE(again->duplicate());
}

TEST_F(ServiceTest, AForgottenMemoryIsNotShownToARetry) {
  start();
  const auto first = remember_now(keyed("k", "soon gone"));
  auto forget = scoped<v1::ForgetMemoryRequest>();
  forget.set_id(first.memory_id());
  const auto forgotten = ask(&Service::forget, forget);
  ASSERT_TRUE(forgotten) << forgotten.error().message;
  EXPECT_EQ(forgotten->forgotten(), 1U);
  const auto again = remember_now(keyed("k", "soon gone"));
  EXPECT_TRUE(again.duplicate());
  EXPECT_TRUE(again.forgotten());
  EXPECT_FALSE(again.has_memory());
  auto get = scoped<v1::GetMemoryRequest>();
  get.set_id(first.memory_id());
  EXPECT_EQ(ask(&Service::get, get).error().code, Code::kNotFound);
}

TEST_F(ServiceTest, AnUpdateShowsInTheMemoryAndItsHistory) {
  start();
  const auto first = remember_now(memory("tea"));
  auto update = scoped<v1::UpdateMemoryRequest>();
  update.set_id(first.memory_id());
  update.set_expected_version(1);
  update.set_text("coffee");
  const auto updated = ask(&Service::update, update);
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_EQ(updated->memory().text(), "coffee");
  EXPECT_EQ(updated->memory().version(), 2U);
  EXPECT_EQ(ask(&Service::update, update).error().code, Code::kAborted);
  auto history = scoped<v1::GetHistoryRequest>();
  history.set_id(first.memory_id());
  const auto versions = ask(&Service::history, history);
  ASSERT_TRUE(versions);
  ASSERT_EQ(versions->versions_size(), 2);
  EXPECT_EQ(versions->versions(1).text(), "tea");
  EXPECT_TRUE(versions->versions(1).superseded());
}

TEST_F(ServiceTest, AnExpiryIsTakenAwayByNameAlone) {
  start();
  v1::RememberRequest request = memory("a text");
  request.mutable_memory()->mutable_expires_at()->set_seconds(4'000'000'000);
  auto update = scoped<v1::UpdateMemoryRequest>();
  update.set_id(remember_now(request).memory_id());
  update.mutable_expires_at()->set_seconds(0);
  EXPECT_EQ(ask(&Service::update, update).error().code, Code::kInvalidArgument);
  update.set_never_expires(true);
  EXPECT_EQ(ask(&Service::update, update).error().code, Code::kInvalidArgument);
  update.clear_expires_at();
  const auto updated = ask(&Service::update, update);
  ASSERT_TRUE(updated) << updated.error().message;
  EXPECT_FALSE(updated->memory().has_expires_at());
}

TEST_F(ServiceTest, LinksAreMadeAndTakenAway) {
  start();
  auto link = scoped<v1::LinkMemoriesRequest>();
  link.set_id(remember_now(memory("one")).memory_id());
  link.set_to(remember_now(memory("two")).memory_id());
  link.set_type("about");
  const auto linked = ask(&Service::link, link);
  ASSERT_TRUE(linked) << linked.error().message;
  auto unlink = scoped<v1::UnlinkMemoriesRequest>();
  unlink.set_id(link.id());
  unlink.set_to(link.to());
  unlink.set_type("about");
  ASSERT_TRUE(ask(&Service::unlink, unlink));
  EXPECT_EQ(ask(&Service::unlink, unlink).error().code, Code::kNotFound);
}

class ForgetByFilter : public ServiceTest {
 protected:
  void remember_tagged(int memories) {
    v1::RememberBatchRequest batch;
    for (int i = 0; i < memories; ++i) {
      v1::MemoryInput& input = *batch.add_memories();
      input = memory("number " + std::to_string(i)).memory();
      input.add_tags(i % 2 == 0 ? "even" : "odd");
    }
    ASSERT_TRUE(ask(&Service::remember_batch, batch));
  }
  static v1::ForgetByFilterRequest the_even_ones() {
    auto request = scoped<v1::ForgetByFilterRequest>();
    v1::Condition& condition = *request.mutable_filter()->mutable_condition();
    condition.set_field(v1::Condition::TAG);
    condition.set_op(v1::Condition::EQ);
    condition.add_values()->set_text("even");
    return request;
  }
};

TEST_F(ForgetByFilter, CountsWhatItForgotExactly) {
  start();
  remember_tagged(100);  // more than one event has units of work for
  v1::ForgetByFilterRequest request = the_even_ones();
  request.set_dry_run(true);
  const auto would = ask(&Service::forget_by_filter, request);
  ASSERT_TRUE(would) << would.error().message;
  EXPECT_EQ(would->forgotten(), 50U);
  EXPECT_TRUE(would->dry_run());
  request.set_dry_run(false);
  request.set_idempotency_key("k");
  const auto done = ask(&Service::forget_by_filter, request);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->forgotten(), 50U);
  EXPECT_FALSE(done->pending());
  EXPECT_FALSE(done->duplicate());
  const auto again = ask(&Service::forget_by_filter, request);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->forgotten(), 50U);
  EXPECT_TRUE(again->duplicate());
  EXPECT_EQ(again->event_id(), done->event_id());
  EXPECT_EQ(ask(&Service::list, scoped<v1::ListMemoriesRequest>())->memories_size(), 50);
}

TEST_F(ForgetByFilter, WithoutAKeyCountsToo) {
  start();
  remember_tagged(100);
  const auto done = ask(&Service::forget_by_filter, the_even_ones());
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->forgotten(), 50U);
  EXPECT_FALSE(done->pending());
  v1::ForgetByFilterRequest with_its_key = the_even_ones();
  with_its_key.set_idempotency_key(done->idempotency_key());
  const auto again = ask(&Service::forget_by_filter, with_its_key);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(again->duplicate());
  EXPECT_EQ(again->forgotten(), 50U);
  EXPECT_EQ(again->idempotency_key(), done->idempotency_key());
}

TEST_F(ForgetByFilter, IsPendingWhenItsWorkOutlastsTheDeadline) {
  start();
  gate_.close();
  remember_tagged(100);
  gate_.await_one();
  const PartitionId partition = node_->partition_for("acme", "nina");
  const uint64_t end = log_.end(partition).value();
  Waited<v1::ForgetByFilterResponse> waited;
  service_->forget_by_filter(call(), the_even_ones(), waited.reply());
  while (log_.end(partition).value() == end) std::this_thread::yield();
  gate_.let_one_pass();  // the event is applied, and the ticks that would go on are not
  gate_.await_one();
  pass_deadlines();
  const auto done = waited.get();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_TRUE(done->pending());
}

TEST_F(ForgetByFilter, WithoutAFilterIsRefused) {
  start();
  auto request = scoped<v1::ForgetByFilterRequest>();
  EXPECT_EQ(ask(&Service::forget_by_filter, request).error().code, Code::kInvalidArgument);
  request.set_dry_run(true);
  EXPECT_EQ(ask(&Service::forget_by_filter, request).error().code, Code::kInvalidArgument);
}

TEST_F(ServiceTest, AListingGoesOnAtItsCursor) {
  start();
  for (int i = 0; i < 5; ++i) remember_now(memory("number " + std::to_string(i)));
  auto request = scoped<v1::ListMemoriesRequest>();
  request.set_limit(2);
  std::vector<std::string> texts;
  for (;;) {
    const auto page = ask(&Service::list, request);
    ASSERT_TRUE(page) << page.error().message;
    for (const v1::Memory& memory : page->memories()) texts.push_back(memory.text());
    EXPECT_EQ(page->truncated(), !page->next_cursor().empty());
    if (page->next_cursor().empty()) break;
    request.set_cursor(page->next_cursor());
  }
  EXPECT_THAT(texts, ::testing::ElementsAre("number 4", "number 3", "number 2", "number 1", "number 0"));
  request.set_cursor("deadbeef");
  EXPECT_EQ(ask(&Service::list, request).error().code, Code::kInvalidArgument);
}

TEST_F(ServiceTest, ReadsKeepToTheirBounds) {
  start();
  auto list = scoped<v1::ListMemoriesRequest>();
  list.set_limit(1001);
  EXPECT_EQ(ask(&Service::list, list).error().code, Code::kInvalidArgument);
  for (const uint32_t limit : {0U, 1001U}) {
    auto retrieve = scoped<v1::RetrieveRequest>();
    retrieve.set_limit(limit);
    EXPECT_EQ(ask(&Service::retrieve, retrieve).error().code, Code::kInvalidArgument);
  }
  auto far = scoped<v1::RetrieveRequest>();
  far.mutable_reference_time()->set_seconds(INT64_MAX);
  EXPECT_EQ(ask(&Service::retrieve, far).error().code, Code::kInvalidArgument);
  auto large = scoped<v1::RetrieveRequest>();
  large.set_context_token_budget(1'000'001);
  EXPECT_EQ(ask(&Service::retrieve, large).error().code, Code::kInvalidArgument);
  auto get = scoped<v1::GetMemoryRequest>();
  EXPECT_EQ(ask(&Service::get, get).error().code, Code::kInvalidArgument);
  get.set_agent_id("");
  EXPECT_EQ(ask(&Service::get, get).error().code, Code::kInvalidArgument);
}

TEST_F(ServiceTest, WhatALaterVersionBringsIsRefusedByName) {
  start();
  auto tier_mode = scoped<v1::RetrieveRequest>();
  tier_mode.set_tier_mode("auto");
  auto as_of = scoped<v1::RetrieveRequest>();
  as_of.set_as_of("0-1-5");
  auto embedding = scoped<v1::RetrieveRequest>();
  embedding.mutable_embedding()->set_model("m");
  const std::pair<std::string, v1::RetrieveRequest> cases[] = {
      {"tier_mode", tier_mode}, {"as_of", as_of}, {"embedding", embedding}};
  for (const auto& [name, request] : cases) {
    const auto refused = ask(&Service::retrieve, request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kUnimplemented);
    EXPECT_THAT(refused.error().message, HasSubstr(name));
  }
}

TEST_F(ServiceTest, AnInvalidWriteIsRefusedBeforeItIsQueued) {
  start();
  v1::RememberRequest request = memory("a text");
  request.mutable_memory()->set_importance(1.5);
  const uint64_t admitted = scheduler_->statistics().classes[static_cast<size_t>(TaskClass::kWrite)].admitted;
  EXPECT_THAT(ask(&Service::remember, request).error().message, HasSubstr("importance"));
  request.mutable_memory()->clear_importance();
  request.mutable_memory()->set_class_(static_cast<v1::MemoryClass>(99));
  EXPECT_THAT(ask(&Service::remember, request).error().message, HasSubstr("class"));
  EXPECT_EQ(ask(&Service::remember, v1::RememberRequest{}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(scheduler_->statistics().classes[static_cast<size_t>(TaskClass::kWrite)].admitted, admitted);
}

}  // namespace
}  // namespace mnemo::service_test
