// What a view shows of an agent is what its snapshot holds, whoever has counted or kept what before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "projector/store/agent_rows.h"
#include "tests/projector/fault_env.h"
#include "tests/projector/partition.h"

namespace mnemo::projector_test {
namespace {

uint32_t documents(const View& view) {
  const auto agent = view.agent("acme", "nina").value();
  return agent ? agent->docs : 0;
}

// By looking at the rows, with nothing remembered.
uint32_t documents_by_rows(const View& view) {
  const auto agent = read_agent(view, "acme", "nina").value();
  return agent ? agent->docs : 0;
}

TEST(View, CountsTheDocumentsOfItsSnapshotAndNoLaterOnes) {
  Partition partition;
  std::vector<std::unique_ptr<View>> views;
  for (int i = 0; i < 5; ++i) {
    views.push_back(partition.view());
    EXPECT_EQ(documents(*views.back()), i);
    partition.add(remember("m" + std::to_string(i), "text"));
  }
  // The older ones are asked when newer counts are known already.
  for (int i = 0; i < 5; ++i) EXPECT_EQ(documents(*views[i]), i);
  EXPECT_EQ(documents(*partition.view()), 5u);
}

TEST(View, CountsWhatABatchWroteBeforeItIsPublished) {
  Partition* written = nullptr;
  std::vector<std::pair<uint32_t, uint32_t>> seen;
  Partition partition({.on_commit = [&](PartitionId, const Touched&) {
    if (written == nullptr) return;
    const auto view = written->view();
    seen.emplace_back(documents(*view), documents_by_rows(*view));
  }});
  written = &partition;
  for (int i = 0; i < 3; ++i) partition.append(remember("m" + std::to_string(i), "text"));
  ASSERT_TRUE(partition.apply_appended());
  partition.add(remember("m3", "text"));
  EXPECT_THAT(seen, ::testing::ElementsAre(std::pair(3u, 3u), std::pair(4u, 4u)));
}

TEST(View, CountsNothingOfABatchThatWasNotWritten) {
  FaultEnv files;
  Partition partition({.env = files.env()});
  partition.add(remember("a", "text"));
  const auto before = partition.view();
  files.fail_writes(true);
  ASSERT_FALSE(partition.projection().flush(true));
  partition.append(remember("b", "text"));
  ASSERT_FALSE(partition.apply_appended());
  EXPECT_EQ(documents(*before), 1u);
}

TEST(View, CountsAloneAfterTheProjectionWasOpenedAgain) {
  Partition partition;
  for (int i = 0; i < 300; ++i) partition.add(remember("m" + std::to_string(i), "text"));
  ASSERT_TRUE(partition.projection().flush(true));
  partition.crash();
  const auto cold = partition.view();
  EXPECT_EQ(documents(*cold), 300u);
  EXPECT_EQ(documents(*cold), 300u) << "the second time it is remembered";
  partition.add(remember("later", "text"));
  EXPECT_EQ(documents(*cold), 300u);
  EXPECT_EQ(documents(*partition.view()), 301u);
}

TEST(View, GivesRecordsByTheirNumberInTheRequestWhateverTheOrder) {
  Partition partition;
  for (int i = 0; i < 40; ++i) partition.add(remember("m" + std::to_string(i), "text " + std::to_string(i)));
  const auto view = partition.view();
  std::vector<uint32_t> docs;
  for (uint32_t i = 0; i < 40; ++i) docs.push_back(i * 7 % 40);
  std::vector<std::string> texts(docs.size());
  ASSERT_TRUE(view->records(AgentOrd(0), docs, [&](size_t i, const Record& record) -> Status {
    texts[i] = record.text;
    return {};
  }));
  for (size_t i = 0; i < docs.size(); ++i) EXPECT_EQ(texts[i], "text " + std::to_string(docs[i]));
}

TEST(View, SaysThatADocumentOfSeveralIsNotThere) {
  Partition partition;
  partition.add(remember("a", "text"));
  const std::vector<uint32_t> docs{7, 0};
  size_t shown = 0;
  const Status read = partition.view()->records(AgentOrd(0), docs, [&](size_t i, const Record&) -> Status {
    EXPECT_EQ(i, 1u);
    ++shown;
    return {};
  });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kNotFound);
  EXPECT_EQ(shown, 1u);
}

}  // namespace
}  // namespace mnemo::projector_test
