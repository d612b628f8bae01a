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

}  // namespace
}  // namespace mnemo::service_test
