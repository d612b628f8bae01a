#include "server/service/auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "events/ids.h"
#include "server/service/key_file.h"

namespace mnemo {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// "" when the text is a keys' file.
std::string refusal(const std::string& text) {
  const auto entries = parse_key_lines(text);
  if (entries) return "";
  EXPECT_EQ(entries.error().code, Code::kInvalidArgument);
  return entries.error().message;
}

std::string line(const std::string& name, const std::string& rest = R"("namespaces": ["*"], "rights": ["read"])",
                 char digit = 'a') {
  return R"({"name": ")" + name + R"(", "key_hash": ")" + std::string(64, digit) + R"(", )" + rest + "}\n";
}

Principal named(std::string name) {
  Principal principal;
  principal.name = std::move(name);
  return principal;
}

TEST(KeyLines, SayWhoMayDoWhatWhere) {
  const auto entries = parse_key_lines(line("a", R"("namespaces": ["zoo", "acme"], "rights": ["write", "admin"])") +
                                       "\n" + line("b", R"("namespaces": ["*"], "rights": ["read"])", 'b'));
  ASSERT_TRUE(entries.has_value()) << entries.error().message;
  ASSERT_EQ(entries->size(), 2u);
  const Principal& a = entries->at(0).principal;
  EXPECT_EQ(a.name, "a");
  EXPECT_FALSE(a.every_namespace);
  EXPECT_THAT(a.namespaces, ElementsAre("acme", "zoo"));
  EXPECT_TRUE(!a.read && a.write && a.admin);
  const Principal& b = entries->at(1).principal;
  EXPECT_TRUE(b.every_namespace && b.namespaces.empty());
  EXPECT_TRUE(b.read && !b.write && !b.admin);
  EXPECT_EQ(to_hex(entries->at(1).hash), std::string(64, 'b'));
}

TEST(KeyLines, NoneAreNoMistake) {
  EXPECT_EQ(refusal(""), "");
  EXPECT_EQ(refusal("\n  \r\n"), "");
}

TEST(KeyLines, AMistakeIsNamedWithItsLine) {
  const std::string good = line("a");
  EXPECT_THAT(refusal(good + "\n[]"), StartsWith("line 3: this is no JSON object"));
  EXPECT_THAT(refusal("{"), StartsWith("line 1: this is no JSON object"));
  EXPECT_THAT(refusal("{\"name\": \"\xff\"}"), StartsWith("line 1: this is no JSON object"));
  EXPECT_THAT(refusal("{}"), AllOf(StartsWith("line 1"), HasSubstr("'name' is missing")));
  EXPECT_THAT(refusal(line("a", R"("namespaces": ["*"])")), HasSubstr("'rights' is missing"));
  EXPECT_THAT(refusal(line("a", R"("rights": ["read"])")), HasSubstr("'namespaces' is missing"));
  EXPECT_THAT(refusal(good + line("a", R"("namespaces": ["*"], "rights": ["read"])", 'b')),
              AllOf(StartsWith("line 2"), HasSubstr("'a'")));
  EXPECT_THAT(refusal(good + line("b")), AllOf(StartsWith("line 2"), HasSubstr("key_hash")));
  EXPECT_THAT(refusal(line("")), HasSubstr("'name'"));
  EXPECT_THAT(refusal(line("a\\n")), HasSubstr("'name'"));
  EXPECT_THAT(refusal(line(std::string(257, 'n'))), HasSubstr("'name'"));
  EXPECT_EQ(refusal(line(std::string(256, 'n'))), "");
  EXPECT_THAT(refusal(line("a", R"("rights": ["read"], "namespaces": ["*"], "admin": true)")), HasSubstr("'admin'"));
  EXPECT_THAT(refusal(line("a", R"("rights": ["read"], "namespaces": ["a"], "namespaces": ["*"])")),
              HasSubstr("twice"));
}

TEST(KeyLines, RightsAndNamespacesAreWhole) {
  const auto rights = [](const std::string& value) {
    return refusal(line("a", R"("namespaces": ["*"], "rights": )" + value));
  };
  for (const char* value : {"[]", "\"read\"", "[1]", "{}", "null"}) EXPECT_THAT(rights(value), HasSubstr("'rights'"));
  EXPECT_THAT(rights(R"(["owner"])"), HasSubstr("'owner'"));
  EXPECT_THAT(rights(R"(["read", "read"])"), HasSubstr("twice"));
  const auto spaces = [](const std::string& value) {
    return refusal(line("a", R"("rights": ["read"], "namespaces": )" + value));
  };
  for (const char* value : {"[]", "\"*\"", "[1]", "[\"\"]", R"(["a\u001fb"])"}) {
    EXPECT_THAT(spaces(value), HasSubstr("'namespaces'")) << value;
  }
  EXPECT_THAT(spaces(R"(["*", "a"])"), HasSubstr("'*' beside others"));
  EXPECT_THAT(spaces(R"(["!", "*"])"), HasSubstr("'*' beside others"));
}

TEST(KeyLines, AHashIs64HexDigits) {
  const auto hash = [](const std::string& value) {
    return refusal(R"({"name": "a", "namespaces": ["*"], "rights": ["read"], "key_hash": )" + value + "}");
  };
  for (const std::string& value :
       {std::string("1"), std::string("\"\""), '"' + std::string(62, 'a') + '"', '"' + std::string(64, 'g') + '"'}) {
    EXPECT_THAT(hash(value), HasSubstr("64 hex digits")) << value;
  }
}

TEST(KeyLines, ThereAreAtMostSoMany) {
  std::string text;
  for (size_t i = 0; i < kKeysMax; ++i) {
    KeyEntry entry{named(std::to_string(i)), key_hash(std::to_string(i))};
    text += key_line(entry);
  }
  EXPECT_EQ(refusal(text), "");
  EXPECT_THAT(refusal(text + line("one more")), HasSubstr("more than 1000 keys"));
}

TEST(KeyLines, WhatIsWrittenIsReadTheSame) {
  Principal principal = named("nina \"the\" agent 東");
  principal.admin = false;
  principal.every_namespace = false;
  principal.namespaces = {"zoo", "acme"};
  const auto made = make_key(principal);
  ASSERT_TRUE(made.has_value());
  const auto entries = parse_key_lines(key_line(made->entry));
  ASSERT_TRUE(entries.has_value()) << entries.error().message;
  const Principal& read = entries->at(0).principal;
  EXPECT_EQ(read.name, principal.name);
  EXPECT_TRUE(read.read && read.write && !read.admin && !read.every_namespace);
  EXPECT_THAT(read.namespaces, ElementsAre("acme", "zoo"));
  EXPECT_EQ(entries->at(0).hash, key_hash(made->key));
}

TEST(MakeKey, IsAnotherOneEachTimeAndNotInItsEntry) {
  const auto one = make_key(named("a"));
  const auto two = make_key(named("a"));
  EXPECT_NE(one->key, two->key);
  EXPECT_THAT(one->key, StartsWith("mnemo_"));
  EXPECT_EQ(one->key.size(), 6u + 64u);
  EXPECT_EQ(key_line(one->entry).find(one->key.substr(6)), std::string::npos);
  EXPECT_EQ(make_key(named("")).error().code, Code::kInvalidArgument);
  Principal nothing = named("a");
  nothing.read = nothing.write = nothing.admin = false;
  EXPECT_THAT(make_key(nothing).error().message, HasSubstr("'rights'"));
  Principal nowhere = named("a");
  nowhere.every_namespace = false;
  EXPECT_THAT(make_key(nowhere).error().message, HasSubstr("'namespaces'"));
}

// The vector of BLAKE2b-256 for "abc": a hash that changed would lock everyone out.
TEST(KeyHash, IsBlake2b256) {
  EXPECT_EQ(to_hex(key_hash("abc")), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

class KeyFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "mnemo-keys-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
    file_ = dir_ / "keys";
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  void write(const std::string& text) {
    std::ofstream(file_, std::ios::trunc) << text;
    ::chmod(file_.c_str(), 0600);
  }
  std::string add(const std::string& name) {
    const auto key = add_key(file_, named(name));
    EXPECT_TRUE(key.has_value()) << key.error().message;
    return key.value_or("");
  }
  Error not_opened() {
    const auto keys = KeyFile::open(file_);
    EXPECT_FALSE(keys.has_value());
    return keys ? Error{} : keys.error();
  }

  std::filesystem::path dir_;
  std::filesystem::path file_;
};

// Who a header's value stands for, or the refusal's text.
std::string who(const KeyFile& keys, const std::string& authorization) {
  const auto principal = keys.authenticate(authorization);
  if (principal) return (*principal)->name;
  EXPECT_EQ(principal.error().code, Code::kUnauthenticated);
  return principal.error().message;
}

TEST_F(KeyFileTest, AKeyThatWasAddedStandsForItsPrincipalAndNoOtherDoes) {
  const std::string nina = add("nina");
  const std::string omar = add("omar");
  const auto keys = KeyFile::open(file_);
  ASSERT_TRUE(keys.has_value()) << keys.error().message;
  EXPECT_EQ((*keys)->keys(), 2u);
  EXPECT_EQ(who(**keys, "Bearer " + nina), "nina");
  EXPECT_EQ(who(**keys, "bearer  " + omar), "omar");
  std::string wrong = nina;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_THAT(who(**keys, "Bearer " + wrong), HasSubstr("not known here"));
  EXPECT_THAT(who(**keys, "Bearer " + nina + " "), HasSubstr("not known here"));
  EXPECT_THAT(who(**keys, "Bearer "), HasSubstr("Bearer KEY"));
  EXPECT_THAT(who(**keys, "Bearer"), HasSubstr("Bearer KEY"));
  EXPECT_THAT(who(**keys, nina), HasSubstr("Bearer KEY"));
  EXPECT_THAT(who(**keys, "Basic " + nina), HasSubstr("Bearer KEY"));
  EXPECT_THAT(who(**keys, ""),
              AllOf(HasSubstr("'Authorization: Bearer KEY'"), HasSubstr("--api-key"), HasSubstr("MNEMO_API_KEY")));
  EXPECT_THAT(who(**keys, "Basic bmluYTp0ZWE="), HasSubstr("'Authorization: Bearer KEY'"));
  EXPECT_THAT(who(**keys, "Bearer " + std::string(100'000, 'x')), HasSubstr("100000 bytes"));
  EXPECT_THAT(who(**keys, "Bearer " + std::string(64, 'a')), HasSubstr("not known here"));
}

TEST_F(KeyFileTest, AHashOfTheFileIsNoKey) {
  add("nina");
  std::ifstream in(file_);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::string hash = to_hex(parse_key_lines(text)->at(0).hash);
  const auto keys = KeyFile::open(file_);
  EXPECT_THAT(who(**keys, "Bearer " + hash), HasSubstr("not known here"));
  EXPECT_THAT(who(**keys, "Bearer mnemo_" + hash), HasSubstr("not known here"));
}

TEST_F(KeyFileTest, MustBeItsOwnersAlone) {
  write("");
  for (const mode_t mode : {0640u, 0604u, 0620u, 0601u, 0610u}) {
    ::chmod(file_.c_str(), mode);
    const Error error = not_opened();
    EXPECT_EQ(error.code, Code::kFailedPrecondition);
    EXPECT_THAT(error.message, AllOf(HasSubstr(file_.string()), HasSubstr("chmod 600")));
    EXPECT_EQ(add_key(file_, named("a")).error().code, Code::kFailedPrecondition);
  }
  for (const mode_t mode : {0600u, 0400u}) {
    ::chmod(file_.c_str(), mode);
    EXPECT_TRUE(KeyFile::open(file_).has_value());
  }
}

TEST_F(KeyFileTest, WhatCannotBeReadIsNamed) {
  EXPECT_EQ(not_opened().code, Code::kNotFound);
  EXPECT_THAT(not_opened().message, HasSubstr(file_.string()));
  write(line("a") + "tea");
  EXPECT_EQ(not_opened().code, Code::kInvalidArgument);
  EXPECT_THAT(not_opened().message, AllOf(HasSubstr(file_.string()), HasSubstr("line 2")));
  write(std::string(kKeyFileBytesMax, '\n'));
  EXPECT_TRUE(KeyFile::open(file_).has_value());
  write(std::string(kKeyFileBytesMax + 1, '\n'));
  EXPECT_THAT(not_opened().message, HasSubstr("1048577 bytes"));
  std::filesystem::remove(file_);
  std::filesystem::create_directory(file_);
  EXPECT_EQ(not_opened().code, Code::kInvalidArgument);
  std::filesystem::remove(file_);
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_THAT(not_opened().message, HasSubstr("no regular file"));
}

TEST_F(KeyFileTest, AddMakesAFileOfItsOwnersAloneAndKeepsWhatIsThere) {
  const std::string nina = add("nina");
  struct stat made{};
  ASSERT_EQ(::stat(file_.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 0777, 0600u);
  EXPECT_EQ(add_key(file_, named("nina")).error().code, Code::kAlreadyExists);
  std::string without_newline = line("omar");
  without_newline.pop_back();
  write(without_newline);
  add("nina");
  EXPECT_EQ((*KeyFile::open(file_))->keys(), 2u);
  write("tea");
  EXPECT_THAT(add_key(file_, named("nina")).error().message, HasSubstr("line 1"));
  EXPECT_EQ(std::filesystem::file_size(file_), 3u);
}

TEST_F(KeyFileTest, AReloadPutsAllNewKeysInForceAndAWrongFileNone) {
  const std::string nina = add("nina");
  const auto keys = KeyFile::open(file_);
  const auto before = (*keys)->authenticate("Bearer " + nina);
  write("");
  const std::string omar = add("omar");
  EXPECT_EQ(who(**keys, "Bearer " + nina), "nina") << "not yet";
  ASSERT_TRUE((*keys)->reload().has_value());
  EXPECT_THAT(who(**keys, "Bearer " + nina), HasSubstr("not known here"));
  EXPECT_EQ(who(**keys, "Bearer " + omar), "omar");
  EXPECT_EQ((*before)->name, "nina") << "what is under way keeps its principal";
  write("tea");
  EXPECT_FALSE((*keys)->reload().has_value());
  EXPECT_EQ(who(**keys, "Bearer " + omar), "omar");
  write("");
  ASSERT_TRUE((*keys)->reload().has_value());
  EXPECT_THAT(who(**keys, "Bearer " + omar), HasSubstr("not known here")) << "no keys let nobody in";
}

TEST_F(KeyFileTest, ReloadsWhileOthersAuthenticate) {
  const std::string nina = add("nina");
  const auto keys = KeyFile::open(file_);
  std::thread reloading([&] {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE((*keys)->reload().has_value());
  });
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(who(**keys, "Bearer " + nina), "nina");
  reloading.join();
}

TEST(Everyone, MayDoEverything) {
  const NoAuthentication open;
  const auto principal = open.authenticate("anything");
  ASSERT_TRUE(principal.has_value());
  EXPECT_EQ(*principal, everyone());
  EXPECT_TRUE((*principal)->read && (*principal)->write && (*principal)->admin && (*principal)->every_namespace);
}

}  // namespace
}  // namespace mnemo
