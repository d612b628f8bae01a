// Agents, exports, and links in what get shows: page by page, and whole.
#include <map>

#include "server/service/memory_links.h"
#include "tests/server/service_fixture.h"

namespace mnemo::service_test {
namespace {

using ::testing::ElementsAre;

class ServiceExport : public ServiceTest {
 protected:
  std::string remember(const std::string& id, const std::string& agent = "nina") {
    v1::RememberRequest request = memory("about " + id, agent);
    request.mutable_memory()->set_id(id);
    return remember_now(request).memory_id();
  }
  void link(const std::string& from, const std::string& to) {
    auto request = scoped<v1::LinkMemoriesRequest>();
    request.set_id(from);
    request.set_type("about");
    request.set_to(to);
    ASSERT_TRUE(ask(&Service::link, request));
  }
  void forget(const std::string& id) {
    auto request = scoped<v1::ForgetMemoryRequest>();
    request.set_id(id);
    ASSERT_TRUE(ask(&Service::forget, request));
  }
  // All pages: ids of memories, and links as "from>to".
  std::vector<std::string> exported(uint32_t limit) {
    auto request = scoped<v1::ExportMemoriesRequest>();
    request.set_limit(limit);
    std::vector<std::string> all;
    do {
      const auto page = ask(&Service::export_memories, request);
      EXPECT_TRUE(page) << page.error().message;
      if (!page) return all;
      EXPECT_LE(static_cast<uint32_t>(page->memories_size() + page->links_size()), limit);
      EXPECT_EQ(page->truncated(), !page->next_cursor().empty());
      for (const auto& each : page->memories()) all.push_back(each.memory().id());
      for (const v1::MemoryLink& each : page->links()) all.push_back(each.from() + ">" + each.to());
      request.set_cursor(page->next_cursor());
    } while (!request.cursor().empty());
    return all;
  }
};

TEST_F(ServiceExport, APageOfAnySizeLeadsToTheSameWhole) {
  start();
  for (const char* id : {"a", "b", "c", "gone"}) remember(id);
  link("a", "b");
  link("b", "c");
  link("a", "gone");
  forget("gone");
  for (const uint32_t limit : {1U, 2U, 3U, 5U, 1000U}) {
    EXPECT_THAT(exported(limit), ElementsAre("a", "b", "c", "a>b", "b>c")) << limit;
  }
}

TEST_F(ServiceExport, CarriesEmbeddingsThatGiveTheSameRowAgain) {
  start();
  v1::RememberRequest request = memory("with a vector");
  request.mutable_memory()->set_id("v");
  request.mutable_memory()->mutable_embedding()->set_model("m1");
  for (const float value : {0.25F, -1.0F, 0.0F}) request.mutable_memory()->mutable_embedding()->add_values(value);
  remember_now(request);
  const auto page = ask(&Service::export_memories, scoped<v1::ExportMemoriesRequest>());
  ASSERT_TRUE(page);
  ASSERT_EQ(page->memories(0).embeddings_size(), 1);
  const v1::EmbeddingInput& embedding = page->memories(0).embeddings(0);
  EXPECT_EQ(embedding.model(), "m1");
  EXPECT_EQ(embedding.values(1), -1.0F);
  EXPECT_NEAR(embedding.values(0), 0.25F, 1.0 / 127);
}

TEST_F(ServiceExport, ACursorThatNoPageGaveIsRefused) {
  start();
  remember("a");
  auto request = scoped<v1::ExportMemoriesRequest>();
  for (const char* cursor : {"x", "m", "m1x", "lzz", "l1"}) {
    request.set_cursor(cursor);
    EXPECT_EQ(ask(&Service::export_memories, request).error().code, Code::kInvalidArgument) << cursor;
  }
  request.set_cursor("");
  request.set_limit(1001);
  EXPECT_EQ(ask(&Service::export_memories, request).error().code, Code::kInvalidArgument);
}

TEST_F(ServiceExport, GetShowsTheLinksToWhatIsThere) {
  start();
  for (const char* id : {"a", "b", "gone"}) remember(id);
  link("a", "b");
  link("a", "gone");
  link("b", "a");
  forget("gone");
  auto request = scoped<v1::GetMemoryRequest>();
  request.set_id("a");
  const auto shown = ask(&Service::get, request);
  ASSERT_TRUE(shown);
  ASSERT_EQ(shown->links_size(), 1);
  EXPECT_EQ(shown->links(0).to(), "b");
  ASSERT_EQ(shown->linked_from_size(), 1);
  EXPECT_EQ(shown->linked_from(0).from(), "b");
  EXPECT_FALSE(shown->links_truncated());
}

TEST_F(ServiceExport, GetShowsEveryLinkOfOneDirectionWhereTheOtherHasMoreThanItTells) {
  start();
  remember("a");
  for (size_t i = 0; i <= kLinksShownMax; ++i) {
    const std::string id = "b" + std::to_string(i);
    remember(id);
    link(id, "a");
  }
  link("a", "b0");
  auto request = scoped<v1::GetMemoryRequest>();
  request.set_id("a");
  const auto shown = ask(&Service::get, request);
  ASSERT_TRUE(shown);
  EXPECT_EQ(static_cast<size_t>(shown->linked_from_size()), kLinksShownMax);
  EXPECT_TRUE(shown->links_truncated());
  ASSERT_EQ(shown->links_size(), 1);
  EXPECT_EQ(shown->links(0).to(), "b0");
}

TEST_F(ServiceExport, AgentsOfEveryPartitionAreListedOnceWithWhatTheyRemember) {
  start();
  for (int i = 0; i < 7; ++i) remember("m", "agent-" + std::to_string(i));
  remember("n", "agent-3");
  v1::ListAgentsRequest request;
  request.set_namespace_("acme");
  request.set_limit(2);
  std::map<std::string, uint64_t> seen;
  size_t told = 0;
  do {
    const auto page = ask(&Service::agents, request);
    ASSERT_TRUE(page) << page.error().message;
    for (const auto& agent : page->agents()) seen[agent.agent_id()] = agent.memories();
    told += static_cast<size_t>(page->agents_size());
    request.set_cursor(page->next_cursor());
  } while (!request.cursor().empty());
  EXPECT_EQ(told, 7U);
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_EQ(seen["agent-3"], 2U);
  EXPECT_EQ(seen["agent-0"], 1U);
  request.set_cursor("1");
  EXPECT_EQ(ask(&Service::agents, request).error().code, Code::kInvalidArgument);
}

TEST_F(ServiceExport, AgentsOfEveryNamespaceAreForWhoMayReadThemAll) {
  start();
  remember("a");
  auto bound = everyone();
  bound->every_namespace = false;
  bound->namespaces = {"acme"};
  EXPECT_EQ(ask(&Service::agents, call(bound), v1::ListAgentsRequest()).error().code, Code::kPermissionDenied);
  v1::ListAgentsRequest own;
  own.set_namespace_("acme");
  EXPECT_EQ(ask(&Service::agents, call(bound), own)->agents_size(), 1);
  own.set_namespace_("other");
  EXPECT_EQ(ask(&Service::agents, call(bound), own).error().code, Code::kNotFound);
  EXPECT_EQ(ask(&Service::export_memories, call(bound),
                [] {
                  auto request = scoped<v1::ExportMemoriesRequest>();
                  request.set_namespace_("other");
                  return request;
                }())
                .error()
                .code,
            Code::kNotFound);
}

}  // namespace
}  // namespace mnemo::service_test
