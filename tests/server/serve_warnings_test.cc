#include "server/serve_warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace mnemo {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ServeOptions at(const std::string& http, const std::string& grpc = "127.0.0.1:0") {
  ServeOptions options;
  options.http = http;
  options.grpc = grpc;
  options.auth = "keys";
  return options;
}

TEST(ServeWarnings, KeysInPlainTextOnTheNetworkAreWarnedOf) {
  EXPECT_THAT(serve_warnings(at("0.0.0.0:7070")),
              ElementsAre(AllOf(HasSubstr("--http 0.0.0.0:7070"), HasSubstr("--tls-cert"))));
  EXPECT_THAT(serve_warnings(at("0.0.0.0:7070", "192.0.2.1:1")), ElementsAre(HasSubstr("--http"), HasSubstr("--grpc")));
  EXPECT_THAT(serve_warnings(at("127.0.0.1:7070", "[::1]:1")), IsEmpty());
  ServeOptions open = at("0.0.0.0:7070");
  open.auth.clear();
  open.insecure_no_auth = true;
  EXPECT_THAT(serve_warnings(open), IsEmpty()) << "there are no keys to be read";
}

TEST(ServeWarnings, APrivateKeyThatOthersMayUseIsWarnedOf) {
  const std::filesystem::path key = ::testing::TempDir() + "mnemo-serve-warnings-key";
  std::ofstream(key) << "a key";
  ServeOptions options = at("0.0.0.0:7070");
  options.tls_cert = "certificate";
  options.tls_key = key;
  for (const mode_t mode : {0600U, 0400U, 0640U}) {
    ASSERT_EQ(::chmod(key.c_str(), mode), 0);
    EXPECT_THAT(serve_warnings(options), IsEmpty()) << mode;
  }
  for (const mode_t mode : {0644U, 0660U, 0602U}) {
    ASSERT_EQ(::chmod(key.c_str(), mode), 0);
    EXPECT_THAT(serve_warnings(options), ElementsAre(HasSubstr("chmod 600 " + key.string()))) << mode;
  }
  std::filesystem::remove(key);
}

}  // namespace
}  // namespace mnemo
