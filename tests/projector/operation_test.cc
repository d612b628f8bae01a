// The journal of operations, as the state machine keeps it.
#include "projector/store/operation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/projector/partition.h"

namespace mnemo::projector_test {
namespace {

using Kind = Outcome::Kind;
using ::testing::HasSubstr;

Bytes16 id_of(uint8_t number) {
  Bytes16 id{};
  id.front() = number;
  return id;
}
std::string bytes_of(uint8_t number) {
  const Bytes16 id = id_of(number);
  return {id.begin(), id.end()};
}

v1::Envelope start(uint8_t number, uint32_t steps, const std::string& fingerprint = "") {
  v1::Envelope envelope;
  v1::OperationStarted& e = *envelope.mutable_operation_started();
  e.set_operation_id(bytes_of(number));
  e.set_kind("import");
  e.set_namespace_("acme");
  e.set_steps(steps);
  e.set_request("what");
  e.set_fingerprint(fingerprint);
  return envelope;
}
v1::Envelope step(uint8_t number, uint32_t step, const std::string& result = "") {
  v1::Envelope envelope;
  v1::OperationStepDone& e = *envelope.mutable_operation_step_done();
  e.set_operation_id(bytes_of(number));
  e.set_step(step);
  e.set_result(result);
  return envelope;
}
v1::Envelope finish(uint8_t number, v1::OperationOutcome outcome = v1::OPERATION_OUTCOME_DONE) {
  v1::Envelope envelope;
  v1::OperationFinished& e = *envelope.mutable_operation_finished();
  e.set_operation_id(bytes_of(number));
  e.set_outcome(outcome);
  e.set_reason("why");
  return envelope;
}

std::optional<Operation> found(const Partition& partition, uint8_t number) {
  return find_operation(*partition.view(), id_of(number)).value();
}

TEST(OperationJournal, TellsWhatWasAskedForHowFarItIsAndHowItEnded) {
  Partition partition;
  partition.add(start(1, 2));
  Operation operation = found(partition, 1).value();
  EXPECT_TRUE(operation.running());
  EXPECT_EQ(operation.kind, "import");
  EXPECT_EQ(operation.name_space, "acme");
  EXPECT_EQ(operation.request, "what");
  EXPECT_EQ(operation.started_at_ms, kStartMs);
  partition.now_ms += 5;
  EXPECT_EQ(partition.add(step(1, 1, "half")).kind, Kind::kControl);
  EXPECT_EQ(partition.add(step(1, 2, "all")).kind, Kind::kControl);
  EXPECT_EQ(partition.add(finish(1)).kind, Kind::kControl);
  operation = found(partition, 1).value();
  EXPECT_EQ(operation.state, Operation::State::kDone);
  EXPECT_EQ(operation.done, 2u);
  EXPECT_EQ(operation.result, "all");
  EXPECT_EQ(operation.reason, "why");
  EXPECT_EQ(operation.request, "") << "nobody goes on with it";
  EXPECT_EQ(operation.name_space, "acme") << "it stays its own";
  EXPECT_EQ(operation.finished_at_ms, kStartMs + 5);
}

TEST(OperationJournal, WhatComesAgainActsOnceAndLeavesNoTrace) {
  Partition partition;
  for (const v1::Envelope& event : {start(1, 2, std::string(16, 'f')), step(1, 1, "a"), step(1, 2, "b"), finish(1)}) {
    EXPECT_EQ(partition.add(event).kind, Kind::kControl);
    const Meta before = partition.meta();
    EXPECT_EQ(partition.add(event).kind, Kind::kDuplicate);
    EXPECT_EQ(partition.meta().state, before.state);
  }
  EXPECT_EQ(partition.add(step(1, 1, "other")).kind, Kind::kDuplicate);
  EXPECT_EQ(found(partition, 1)->result, "b");
  EXPECT_EQ(partition.meta().counters.duplicates, 5u);
}

TEST(OperationJournal, AnotherRequestUnderTheSameIdIsAConflict) {
  Partition partition;
  partition.add(start(1, 2, std::string(16, 'f')));
  const Outcome outcome = partition.add(start(1, 2, std::string(16, 'g')));
  EXPECT_EQ(outcome.kind, Kind::kConflict);
  EXPECT_EQ(outcome.code, Code::kAlreadyExists);
  EXPECT_TRUE(outcome.refused);
  EXPECT_THAT(outcome.message, HasSubstr("another"));
}

TEST(OperationJournal, WhatDoesNotFitIsSkipped) {
  Partition partition;
  const auto refused = [&](const v1::Envelope& event) {
    const Outcome outcome = partition.add(event);
    EXPECT_EQ(outcome.kind, Kind::kSkipped);
    EXPECT_EQ(outcome.skip, SkipReason::kInvalid);
    return outcome.message;
  };
  EXPECT_THAT(refused(step(1, 1)), HasSubstr("no operation"));
  EXPECT_THAT(refused(finish(1)), HasSubstr("no operation"));
  partition.add(start(1, 2));
  EXPECT_THAT(refused(step(1, 2)), HasSubstr("step 1 is not done"));
  EXPECT_THAT(refused(finish(1)), HasSubstr("0 of 2 steps"));
  partition.add(step(1, 1));
  partition.add(step(1, 2));
  EXPECT_THAT(refused(step(1, 3)), HasSubstr("has 2 steps"));
  partition.add(finish(1, v1::OPERATION_OUTCOME_CANCELLED));
  EXPECT_THAT(refused(step(1, 3)), HasSubstr("finished"));
  EXPECT_THAT(refused(finish(1)), HasSubstr("cancelled"));
}

TEST(OperationJournal, StandsOnTheHomeOfTheOperationAlone) {
  const uint32_t home = operation_home(bytes_of(1), 2).value;
  Partition away({.partitions = 2, .partition = 1 - home});
  v1::Envelope event = start(1, 2);
  set_control_partition(event, PartitionId(1 - home));
  const Outcome outcome = away.add(event);
  EXPECT_EQ(outcome.skip, SkipReason::kInvalid) << "not misplaced: appending it again would change nothing";
  EXPECT_EQ(outcome.kind, Kind::kSkipped);
  EXPECT_EQ(away.rows(keys::Row::kOperation), 0u);
}

TEST(OperationJournal, KeepsTheNewestFinishedOnesAndEveryRunningOne) {
  Partition partition({}, {.operations_kept = 2});
  partition.add(start(9, 0));
  for (uint8_t number = 1; number <= 4; ++number) {
    partition.now_ms += 1;
    partition.add(start(number, 0));
  }
  for (const uint8_t number : {2, 1, 4, 3}) partition.add(finish(number));
  EXPECT_FALSE(found(partition, 2));
  EXPECT_FALSE(found(partition, 1));
  EXPECT_TRUE(found(partition, 4));
  EXPECT_TRUE(found(partition, 3));
  EXPECT_TRUE(found(partition, 9)->running());
  EXPECT_EQ(partition.rows(keys::Row::kOperation), 3u);
  EXPECT_EQ(partition.rows(keys::Row::kOperationPlace), 3u);
  EXPECT_EQ(partition.rows(keys::Row::kOperationEnd), 2u);
  EXPECT_EQ(partition.add(start(2, 0)).kind, Kind::kControl) << "it is not remembered any more";
}

TEST(OperationJournal, IsListedTheNewestFirstInPages) {
  Partition partition;
  for (const uint8_t number : {3, 1, 2}) {
    partition.now_ms += 1;
    partition.add(start(number, 0));
  }
  partition.add(start(7, 0));  // in the same millisecond: by id
  partition.add(finish(1));
  const auto view = partition.view();
  std::vector<int> listed;
  std::optional<OperationPlace> after;
  while (true) {
    const auto page = list_operations(*view, 1, after).value();
    if (page.empty()) break;
    listed.push_back(page[0].id[0]);
    after = place_of(page[0]);
  }
  EXPECT_EQ(listed, (std::vector<int>{2, 7, 1, 3}));
  std::vector<int> running;
  const std::vector<Operation> found = running_operations(*view).value();
  for (const Operation& operation : found) running.push_back(operation.id[0]);
  EXPECT_EQ(running, (std::vector<int>{3, 7, 2}));
}

TEST(OperationJournal, IsTheSameWhateverTheBatches) {
  Partition partition({}, {.operations_kept = 1});
  for (uint8_t number = 1; number <= 3; ++number) {
    partition.add(start(number, 1));
    partition.add(step(number, 1));
    partition.add(finish(number));
  }
  for (const size_t batch : {1, 3, 100}) EXPECT_EQ(partition.rebuilt(batch)->meta().state, partition.meta().state);
}

TEST(OperationRow, IsReadBackAsItWasWrittenAndDamageIsFound) {
  Operation operation;
  operation.state = Operation::State::kFailed;
  operation.kind = "policy";
  operation.started_at_ms = -5;
  operation.finished_at_ms = kStartMs;
  operation.steps = 8;
  operation.done = 3;
  operation.result = "r";
  operation.reason = "why";
  operation.fingerprint = std::string(16, 'f');
  operation.request = "q";
  operation.end_number = 300;
  std::string row;
  encode_operation(operation, row);
  Operation read;
  ASSERT_TRUE(decode_operation(row, read));
  std::string again;
  encode_operation(read, again);
  EXPECT_EQ(again, row);
  for (size_t cut = 0; cut < row.size(); ++cut) {
    EXPECT_FALSE(decode_operation(std::string_view(row).substr(0, cut), read)) << cut;
  }
  EXPECT_FALSE(decode_operation(row + '\0', read));
  row[1] = 4;
  EXPECT_FALSE(decode_operation(row, read)) << "a state that there is none of";
}

}  // namespace
}  // namespace mnemo::projector_test
