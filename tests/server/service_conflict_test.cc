// What a key or an id that is taken is answered with.
#include "tests/server/service_fixture.h"

namespace mnemo::service_test {
namespace {

using ::testing::HasSubstr;

TEST_F(ServiceTest, TheKeyOfAnotherKindOfRequestIsTaken) {
  start();
  auto forget = scoped<v1::ForgetMemoryRequest>();
  forget.set_id(remember_now(memory("oolong")).memory_id());
  forget.set_idempotency_key("k");
  ASSERT_TRUE(ask(&Service::forget, forget));
  forget.set_id(remember_now(memory("sencha")).memory_id());
  const auto other = ask(&Service::forget, forget);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::kAlreadyExists);
  EXPECT_THAT(other.error().message, HasSubstr("this idempotency key is taken"));
}

TEST_F(ServiceTest, AnIdThatWasForgottenCannotComeBack) {
  start();
  v1::RememberRequest request = memory("the first");
  request.mutable_memory()->set_id("own");
  remember_now(request);
  request.mutable_memory()->set_text("another");
  EXPECT_THAT(ask(&Service::remember, request).error().message, HasSubstr("update it, or use a new id"));
  auto forget = scoped<v1::ForgetMemoryRequest>();
  forget.set_id("own");
  ASSERT_TRUE(ask(&Service::forget, forget));
  for (const char* key : {"", "a key"}) {
    request.mutable_memory()->set_idempotency_key(key);
    const auto refused = ask(&Service::remember, request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kAlreadyExists);
    EXPECT_THAT(refused.error().message, HasSubstr("was forgotten"));
    EXPECT_THAT(refused.error().message, HasSubstr("cannot come back: use a new id"));
    EXPECT_THAT(refused.error().message, ::testing::Not(HasSubstr("exists")));
  }
}

}  // namespace
}  // namespace mnemo::service_test
