#include "server/service/call_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace mnemo {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

std::string refusal(const CallMetadata& given) {
  Call call;
  const Status status = set_metadata(given, call);
  if (status) return "taken";
  EXPECT_EQ(status.error().code, Code::kInvalidArgument);
  return status.error().message;
}

TEST(CallMetadata, ReachesTheCall) {
  Call call;
  ASSERT_TRUE(set_metadata({.idempotency_key = "k", .traceparent = kTrace, .correlation_id = "c"}, call));
  EXPECT_EQ(call.idempotency_key, "k");
  EXPECT_EQ(call.traceparent, kTrace);
  EXPECT_EQ(call.correlation_id, "c");
}

TEST(CallMetadata, AnEmptyKeyIsNoKey) {
  EXPECT_THAT(refusal({.idempotency_key = ""}), HasSubstr("Idempotency-Key is empty"));
  EXPECT_EQ(refusal({}), "taken");
}

TEST(CallMetadata, TextOfAnotherCharsetIsRefused) {
  EXPECT_THAT(refusal({.idempotency_key = "\xff"}), HasSubstr("Idempotency-Key is not UTF-8"));
  EXPECT_THAT(refusal({.correlation_id = "Z\xfcrich"}), HasSubstr("X-Correlation-Id is not UTF-8"));
  EXPECT_THAT(refusal({.request_id = "\xc3\x28"}), HasSubstr("X-Request-Id is not UTF-8"));
}

TEST(CallMetadata, ACorrelationIdIsBoundedAndPrintable) {
  const std::string most(kCorrelationIdBytesMax, 'c');
  const std::string more = most + 'c';
  EXPECT_EQ(refusal({.correlation_id = most}), "taken");
  EXPECT_THAT(refusal({.correlation_id = more}), HasSubstr("256 bytes"));
  EXPECT_THAT(refusal({.request_id = more}), HasSubstr("X-Request-Id"));
  for (const std::string_view controls :
       {std::string_view("a\nb"), std::string_view("a\0b", 3), std::string_view("\x7f")}) {
    EXPECT_THAT(refusal({.correlation_id = controls}), HasSubstr("control characters"));
  }
}

TEST(CallMetadata, TheRequestIdStandsInForTheCorrelationId) {
  Call call;
  ASSERT_TRUE(set_metadata({.request_id = "r"}, call));
  EXPECT_EQ(call.correlation_id, "r");
  ASSERT_TRUE(set_metadata({.correlation_id = "c", .request_id = "r"}, call));
  EXPECT_EQ(call.correlation_id, "c");
}

TEST(CallMetadata, ATraceContextThatIsNoneIsIgnored) {
  for (std::string trace : {"nonsense", "", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"}) {
    Call call;
    ASSERT_TRUE(set_metadata({.traceparent = trace}, call));
    EXPECT_EQ(call.traceparent, "") << trace;
  }
}

}  // namespace
}  // namespace mnemo
