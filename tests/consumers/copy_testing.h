// File: tests/consumers/copy_testing.h
// Logs to copy from and to, and what they come to.
#pragma once

#include <fmt/format.h>

#include <map>
#include <random>
#include <vector>

#include "consumers/copy.h"
#include "consumers/follower.h"
#include "projector/projection.h"
#include "tests/consumers/fixture.h"

namespace mnemo::consumers_test {

inline constexpr int64_t kHourMs = 3'600'000;

// What a log comes to once all is settled at the same time.
struct Sums {
  std::vector<Digest> states;
  Digest content;
  uint64_t memories = 0;
  uint64_t rejected = 0;
  uint64_t skipped = 0;
};

class CopyTest : public ConsumersTest {
 protected:
  explicit CopyTest(uint32_t partitions = 8) : ConsumersTest(partitions) {}

  // As a data directory that is made for a copy: epochs, and no rules yet.
  std::unique_ptr<MemoryLog> make_target(uint32_t partitions, uint8_t id = 9) {
    auto log =
        std::make_unique<MemoryLog>(MemoryLogOptions{.partitions = partitions, .log_id = {id}, .clock = &clock_});
    std::vector<NewRecord> first = genesis_records(log->identity(), key_.check_value(), clock_, ids_);
    std::erase_if(first, [](const NewRecord& record) {
      v1::Envelope envelope;
      return decode(record.value, envelope) && envelope.has_rules_activated();
    });
    EXPECT_TRUE(append_and_wait(*log, std::move(first)));
    return log;
  }

  Result<CopyReport> copy(Log& from, Log& to) {
    CopyOptions options;
    options.scratch_dir = dir_ / "scratch";
    options.memory_bytes = 64 << 20;
    return copy_log(from, to, options);
  }

  v1::Envelope update(const std::string& key, const std::string& agent, const std::string& id) {
    v1::Envelope envelope = remember(key, agent);
    envelope.mutable_updated()->set_memory_id(id);
    envelope.mutable_updated()->mutable_text()->set_plain("other words, by " + key);
    return envelope;
  }
  v1::Envelope tick(uint32_t partition, TimestampMs time_ms) {
    v1::Envelope envelope;
    envelope.set_event_id(as_string(ids_.next()));
    envelope.set_schema_version(kSchemaVersion);
    envelope.mutable_ticked()->set_partition(partition);
    envelope.mutable_ticked()->set_time_ms(time_ms);
    return envelope;
  }
  v1::Envelope policy(uint32_t partition, uint32_t version, int64_t ttl_ms) {
    v1::Envelope envelope = tick(partition, 0);
    v1::PolicyUpdated& e = *envelope.mutable_policy_updated();
    e.set_partition(partition);
    e.set_namespace_("acme");
    e.set_version(version);
    e.set_ttl_ms(ttl_ms);
    return envelope;
  }
  void append_to(Log& log, const v1::Envelope& envelope) {
    EXPECT_TRUE(append_and_wait(log, {make_record(envelope, log.identity().partitions)}));
  }

  // Memories with ids of agents everywhere, changed, forgotten, asked for twice, and ticks.
  void grow(int events, std::mt19937& random, int agents = 20) {
    for (int i = 0; i < events; ++i) {
      clock_.advance_ms(static_cast<int64_t>(random() % 5000));
      const std::string agent = fmt::format("agent-{}", random() % static_cast<uint32_t>(agents));
      const std::string key = fmt::format("key-{}", number_++);
      const std::string id = fmt::format("id-{}", random() % 60);
      v1::Envelope event = random() % 3 == 0 ? update(key, agent, id) : remember(key, agent);
      if (event.has_remembered() && random() % 2 == 0) event.mutable_remembered()->set_memory_id(id);
      const bool expires = event.has_remembered() && random() % 4 == 0;
      if (expires)
        event.mutable_remembered()->set_expires_at_ms(clock_.now_ms() + static_cast<int64_t>(random() % 300'000));
      if (event.has_updated() && random() % 2 == 0)
        event.mutable_updated()->set_expires_at_ms(clock_.now_ms() + 200'000);
      if (random() % 4 == 0) event.mutable_forgotten()->set_memory_id(id);
      // Producers whose clocks go behind, and some that leave the time to the log.
      if (random() % 3 != 0) event.set_recorded_at_ms(clock_.now_ms() - static_cast<int64_t>(random() % 20'000));
      append(event);
      if (random() % 5 == 0) append(event);
      if (random() % 10 == 0) append(tick(random() % log_.identity().partitions, clock_.now_ms()));
    }
  }

  Sums settled(Log& log) {
    Sums sums;
    StoreResources resources(64 << 20);
    for (uint32_t p = 0; p < log.identity().partitions; ++p) {
      const auto projection = open(log, PartitionId(p), resources);
      project(log, *projection);
      sums.states.push_back(projection->applied().state);
      sums.content += projection->applied().content;
      sums.memories += projection->applied().counters.memories;
      sums.rejected += projection->applied().counters.rejected;
      for (const uint64_t skipped : projection->applied().counters.skipped) sums.skipped += skipped;
    }
    return sums;
  }

  // The rows of a log's operations, by id.
  std::map<std::string, std::string> operations_of(Log& log) {
    std::map<std::string, std::string> found;
    StoreResources resources(64 << 20);
    for (uint32_t p = 0; p < log.identity().partitions; ++p) {
      const auto projection = open(log, PartitionId(p), resources);
      project(log, *projection);
      const std::string from = keys::start(keys::Row::kOperation);
      EXPECT_TRUE(projection->view().value()->scan(from, prefix_end(from),
                                                   [&](auto key, auto row) { return found.emplace(key, row).second; }));
    }
    return found;
  }

  std::vector<uint64_t> ends(const Log& log) {
    std::vector<uint64_t> found;
    for (uint32_t p = 0; p < log.identity().partitions; ++p) found.push_back(log.end(PartitionId(p)).value());
    return found;
  }

  int number_ = 0;

 private:
  std::unique_ptr<Projection> open(const Log& log, PartitionId partition, StoreResources& resources) {
    ProjectionOptions options;
    options.store.dir = dir_ / fmt::format("settled-{}-{}", settled_++, partition.value);
    options.store.partition = partition;
    options.store.resources = &resources;
    options.log = log.identity();
    std::filesystem::create_directories(options.store.dir);
    return Projection::open(options).value();
  }

  // To the log's end, and then to the clock's time until nothing is pending.
  void project(Log& log, Projection& projection) {
    const uint64_t end = log.end(projection.partition()).value();
    const auto skips = find_skips(log, projection.partition(), 0, end).value();
    const auto reader = log.read(projection.partition(), 0).value();
    while (reader->next_offset() < end) {
      const auto records = reader->poll({}, std::chrono::steady_clock::now() + std::chrono::seconds(10)).value();
      ASSERT_TRUE(projection.apply(records, skips, nullptr, false));
    }
    const TimestampMs now_ms = clock_.now_ms() + 24 * kHourMs;
    for (uint64_t offset = end; offset == end || !projection.applied().settled(); ++offset) {
      const std::string value = tick(projection.partition().value, now_ms).SerializeAsString();
      const LogRecord record{{projection.partition(), log.identity().epoch, offset}, now_ms, kControlKey, value};
      ASSERT_TRUE(projection.apply({&record, 1}, {}, nullptr, false));
    }
  }

  int settled_ = 0;
};

}  // namespace mnemo::consumers_test
