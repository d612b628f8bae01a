#include "consumers/verify.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <map>

#include "consumers/follower.h"
#include "consumers/project.h"
#include "tests/consumers/fixture.h"

namespace mnemo::consumers_test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class VerifyTest : public ConsumersTest {
 protected:
  v1::Envelope event(const std::string& key) {
    v1::Envelope envelope = remember(key);
    envelope.clear_event();
    return envelope;
  }
  v1::Envelope control() {
    v1::Envelope envelope;
    envelope.set_event_id(as_string(ids_.next()));
    envelope.set_schema_version(kSchemaVersion);
    return envelope;
  }
  v1::Envelope memory(const std::string& id) {
    v1::Envelope envelope = remember("key of " + id);
    envelope.mutable_remembered()->set_memory_id(id);
    return envelope;
  }
  v1::Envelope forgetting(const std::string& id) {
    v1::Envelope envelope = event("forget " + id);
    envelope.mutable_forgotten()->set_memory_id(id);
    return envelope;
  }

  // Digest points every 100 events, so that there are some.
  void append_rules() {
    v1::Envelope rules = control();
    *rules.mutable_rules_activated() = default_rules(0);
    rules.mutable_rules_activated()->set_rules_version(2);
    rules.mutable_rules_activated()->set_digest_interval(100);
    append(rules);
    v1::Envelope policy = control();
    policy.mutable_policy_updated()->set_namespace_("acme");
    policy.mutable_policy_updated()->set_version(1);
    policy.mutable_policy_updated()->set_record_access(true);
    append(policy);
  }

  // What leaves a row of every kind. Eight whole pages and their merge first.
  void append_all_kinds() {
    append_rules();
    for (int i = 0; i < 2400; ++i) append(memory("m" + std::to_string(i)));
    v1::Envelope full = memory("full");
    full.mutable_remembered()->set_expires_at_ms(clock_.now_ms() + 1'000'000'000);
    full.mutable_remembered()->mutable_embedding()->set_model("model");
    full.mutable_remembered()->mutable_embedding()->set_values_f32_le(std::string("\0\0\x80\x3f\0\0\0\x40", 8));
    append(full);
    v1::Envelope updated = event("update");
    updated.mutable_updated()->set_memory_id("m7");
    updated.mutable_updated()->mutable_text()->set_plain("other words");
    append(updated);
    v1::Envelope linked = event("link");
    linked.mutable_linked()->set_from_memory_id("m1");
    linked.mutable_linked()->set_type("about");
    linked.mutable_linked()->set_to_memory_id("m2");
    append(linked);
    v1::Envelope accessed = event("access");
    accessed.mutable_accessed()->add_entries()->set_memory_id("m1");
    accessed.mutable_accessed()->mutable_entries(0)->set_count(3);
    append(accessed);
    EXPECT_TRUE(append_and_wait(log_, {{PartitionId(0), "acme\x1fnina", "no envelope"}}));
    append(forgetting("m3"));
    v1::Envelope filter = event("forget by filter");
    v1::Condition& condition = *filter.mutable_forgotten_by_filter()->mutable_filter()->mutable_condition();
    condition.set_field(v1::Condition::KIND);
    condition.set_op(v1::Condition::EQ);
    condition.add_values()->set_text("event");
    append(filter);  // far more than one event's work
  }

  void project() {
    std::filesystem::remove_all(dir_ / "state");
    std::filesystem::create_directories(dir_ / "state" / "p0");
    StoreResources resources(64 << 20);
    ProjectionOptions options;
    options.store.dir = dir_ / "state" / "p0";
    options.store.resources = &resources;
    options.log = log_.identity();
    const auto projection = Projection::open(options).value();
    ProjectRole role(*projection, {});
    const auto follower = Follower::open(log_, PartitionId(0), 0, role, PollLimits{}).value();
    ASSERT_TRUE(follower->run_to(log_.end(PartitionId(0)).value()));
    ASSERT_TRUE(projection->flush(true));
  }

  // Opens the live state, changes it, and brings it to disk.
  void edit(const std::function<void(RowWriter&)>& change) {
    StoreResources resources(64 << 20);
    StoreOptions options;
    options.dir = dir_ / "state" / "p0";
    options.resources = &resources;
    const auto store = Store::open(options).value();
    BatchRows rows(store->rows());
    change(rows);
    ASSERT_TRUE(store->write(rows));
    ASSERT_TRUE(store->flush(true));
  }

  VerifyReport verified() {
    VerifyOptions options;
    options.state_dir = dir_ / "state";
    options.scratch_dir = dir_ / "scratch";
    options.memory_bytes = 64 << 20;
    const auto report = verify(log_, options);
    EXPECT_TRUE(report) << (report ? "" : report.error().message);
    EXPECT_FALSE(std::filesystem::exists(dir_ / "scratch"));
    return report.value_or(VerifyReport());
  }

  // Whether a finding of the check names such a place.
  static bool names(const VerifyReport& report, const std::string& check, const std::string& where) {
    return std::any_of(report.findings.begin(), report.findings.end(),
                       [&](const Finding& f) { return f.check == check && f.where.find(where) != std::string::npos; });
  }
  static std::string told(const VerifyReport& report) {
    std::string all;
    for (const Finding& f : report.findings) all += f.check + ": " + f.where + ": " + f.message + "\n";
    return all;
  }
  void expect_named(const std::string& check, const std::string& where) {
    const VerifyReport report = verified();
    EXPECT_TRUE(names(report, check, where)) << check << ": " << where << " is not among:\n" << told(report);
  }
};

const std::map<char, std::string> kKinds = {
    {'A', "agent row"},         {'a', "agent name row"},  {'R', "record row"},        {'I', "memory row"},
    {'K', "key row"},           {'W', "key window row"},  {'E', "expiry row"},        {'L', "link row"},
    {'l', "backward link row"}, {'V', "vector row"},      {'H', "access row"},        {'N', "policy row"},
    {'P', "pending work row"},  {'S', "skip row"},        {'D', "index columns row"}, {'X', "index mask row"},
    {'B', "index block row"},   {'F', "index fence row"}, {'C', "index chunk row"},   {'Q', "index work row"},
};
// What answers are made from is compared with the records as well.
constexpr std::string_view kIndexKinds = "DXBFC";

TEST_F(VerifyTest, AChangedMissingOrStrayRowOfEveryKindIsNamed) {
  append_all_kinds();
  project();
  const VerifyReport good = verified();
  EXPECT_TRUE(good.good()) << told(good);
  EXPECT_GT(good.partitions.at(0).points, 20U);
  for (const auto& [kind, name] : kKinds) {
    SCOPED_TRACE(name);
    std::string key;
    std::string value;
    edit([&, from = std::string(1, kind)](RowWriter& rows) {
      ASSERT_TRUE(rows.scan(from, prefix_end(from), [&](std::string_view k, std::string_view v) {
        key = k;
        value = v;
        return false;
      }));
    });
    ASSERT_FALSE(key.empty()) << "there is no such row to damage";
    if (!value.empty()) {
      std::string changed = value;
      // Of a columns row, its head: in the middle stand the cells of documents that may be forgotten.
      changed[kind == 'D' ? 0 : changed.size() / 2] ^= 1;
      edit([&](RowWriter& rows) { rows.put(key, changed); });
      expect_named("rows", name);
      if (kIndexKinds.find(kind) != std::string_view::npos) expect_named("index", fmt::format("index's {} row", kind));
    }
    edit([&](RowWriter& rows) { rows.erase(key); });
    expect_named("rows", name);
    const std::string stray = key + '\x01';
    edit([&](RowWriter& rows) {
      rows.put(key, value);
      rows.put(stray, value);
    });
    expect_named("rows", name);
    edit([&](RowWriter& rows) { rows.erase(stray); });
  }
  EXPECT_TRUE(verified().good());
}

TEST_F(VerifyTest, APartitionsOwnRowsAreComparedWhole) {
  append_rules();
  for (int i = 0; i < 250; ++i) append(memory("m" + std::to_string(i)));
  project();
  const std::map<std::string_view, std::pair<std::string, std::string>> rows = {
      {kRulesKey, {"rows", "rules row"}},
      {kVersionKey, {"rows", "version row"}},
      {kPointsKey, {"rows", "digest points row"}},
  };
  for (const auto& [key, finding] : rows) {
    std::string value;
    edit([&, k = key](RowWriter& r) { ASSERT_TRUE(r.get(k, value).value()); });
    for (size_t at = 0; at < value.size(); at += 1 + value.size() / 8) {
      std::string changed = value;
      changed[at] ^= 1;
      edit([&, k = key](RowWriter& r) { r.put(k, changed); });
      expect_named(finding.first, finding.second);
    }
    edit([&, k = key](RowWriter& r) { r.erase(k); });
    expect_named(finding.first, finding.second);
    if (key == kPointsKey) expect_named("digest", "digest point at seq 100");
    edit([&, k = key](RowWriter& r) { r.put(k, value); });
  }
  EXPECT_TRUE(verified().good());
}

// As findings name them, and a change of each.
const std::vector<std::pair<std::string, std::function<void(Meta&)>>> kMetaFields = {
    {"log id", [](Meta& m) { m.log_id[3] ^= 1; }},
    {"epoch", [](Meta& m) { ++m.epoch; }},
    {"last offset", [](Meta& m) { --m.last_offset; }},
    {"last event id", [](Meta& m) { m.last_event_id[0] ^= 1; }},
    {"last checksum", [](Meta& m) { m.last_checksum ^= 1; }},
    {"fingerprint check", [](Meta& m) { m.fingerprint_check[0] ^= 1; }},
    {"seq", [](Meta& m) { ++m.seq; }},
    {"event time", [](Meta& m) { ++m.event_time_ms; }},
    {"next agent", [](Meta& m) { ++m.next_ord; }},
    {"first pending", [](Meta& m) { ++m.pending_first; }},
    {"next pending", [](Meta& m) { ++m.pending_next; }},
    {"expiry due", [](Meta& m) { m.expiry_due = !m.expiry_due; }},
    {"applied", [](Meta& m) { ++m.counters.applied; }},
    {"rejected", [](Meta& m) { ++m.counters.rejected; }},
    {"duplicates", [](Meta& m) { ++m.counters.duplicates; }},
    {"conflicts", [](Meta& m) { ++m.counters.conflicts; }},
    {"control", [](Meta& m) { ++m.counters.control; }},
    {"skipped", [](Meta& m) { ++m.counters.skipped[2]; }},
    {"memories", [](Meta& m) { ++m.counters.memories; }},
    {"expired", [](Meta& m) { ++m.counters.expired; }},
    {"forgotten", [](Meta& m) { ++m.counters.forgotten; }},
};

TEST_F(VerifyTest, EveryFieldOfTheMetaRowIsComparedButTheOutbox) {
  append_rules();
  for (int i = 0; i < 5; ++i) append(memory("m" + std::to_string(i)));
  project();
  std::string row;
  edit([&](RowWriter& r) { ASSERT_TRUE(r.get(kMetaKey, row).value()); });
  Meta meta;
  ASSERT_TRUE(decode_meta(row, meta));
  const auto changed = [&meta](const auto& change) {
    Meta other = meta;
    change(other);
    std::string bytes;
    encode_meta(other, bytes);
    return bytes;
  };
  for (const auto& [name, change] : kMetaFields) {
    edit([&, bytes = changed(change)](RowWriter& r) { r.put(kMetaKey, bytes); });
    const VerifyReport report = verified();
    ASSERT_EQ(report.findings.size(), 1U) << name << ":\n" << told(report);
    EXPECT_EQ(report.findings[0].check, "position");
    EXPECT_THAT(report.findings[0].message, StartsWith(name));
  }
  edit([&](RowWriter& r) { r.put(kMetaKey, changed([](Meta& m) { ++m.state.low; })); });
  expect_named("digest", "offset");
  edit([&](RowWriter& r) { r.put(kMetaKey, changed([](Meta& m) { ++m.content.low; })); });
  expect_named("digest", "offset");
  edit([&](RowWriter& r) { r.put(kMetaKey, changed([](Meta& m) { ++m.outbox_next; })); });
  EXPECT_TRUE(verified().good());
  edit([&](RowWriter& r) { r.put(kMetaKey, row.substr(1)); });
  expect_named("position", "meta row");
  edit([&](RowWriter& r) { r.erase(kMetaKey); });
  expect_named("position", "meta row");
}

TEST_F(VerifyTest, TheFirstRowThatDiffersIsNamedByAgentAndNumber) {
  append(remember("a", "nina"));
  append(remember("b", "otto"));
  append(remember("c", "otto"));
  project();
  for (const uint32_t doc : {1U, 0U}) {  // the second one found stands before the first
    edit([doc](RowWriter& r) {
      const std::string key = keys::of_number(keys::Row::kRecord, AgentOrd(1), doc);
      std::string value;
      ASSERT_TRUE(r.get(key, value).value());
      value.back() = static_cast<char>(value.back() ^ 1);
      r.put(key, value);
    });
    expect_named("rows", "record row " + std::to_string(doc) + " of agent acme/otto");
  }
}

TEST_F(VerifyTest, AKeyRowWithoutItsEventIsNamed) {
  append(memory("m"));
  append(forgetting("m"));
  project();
  edit([](RowWriter& r) {
    const std::string from = keys::of_agent(keys::Row::kKey, AgentOrd(0));
    std::string key;
    std::string value;
    ASSERT_TRUE(r.last(from, prefix_end(from), key, value).value());
    key.back() = static_cast<char>(key.back() ^ 1);
    r.put(key, value);
  });
  const VerifyReport report = verified();
  ASSERT_EQ(report.findings.size(), 1U) << told(report);
  EXPECT_EQ(report.findings[0].check, "rows");
  EXPECT_THAT(report.findings[0].where, StartsWith("key row"));
  EXPECT_THAT(report.findings[0].message, HasSubstr("no event of the log put it there"));
}

TEST_F(VerifyTest, AProjectionAheadOfTheLogIsNamed) {
  append(memory("m"));
  project();
  std::string row;
  edit([&](RowWriter& r) { ASSERT_TRUE(r.get(kMetaKey, row).value()); });
  Meta meta;
  ASSERT_TRUE(decode_meta(row, meta));
  meta.next_offset += 5;
  row.clear();
  encode_meta(meta, row);
  edit([&](RowWriter& r) { r.put(kMetaKey, row); });
  expect_named("position", "offset 8");
}

}  // namespace
}  // namespace mnemo::consumers_test
