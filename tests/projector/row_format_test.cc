// Rows are read back as they were written, and damage is found: every cut and every surplus byte is refused.
#include <gtest/gtest.h>

#include <random>

#include "events/fixed_point.h"
#include "projector/store/agent_rows.h"
#include "projector/store/memory_id.h"
#include "projector/store/meta.h"
#include "projector/store/outbox.h"
#include "projector/store/pending.h"
#include "projector/store/record.h"

namespace mnemo {
namespace {

Bytes16 bytes_of(uint8_t fill) {
  Bytes16 bytes;
  bytes.fill(fill);
  return bytes;
}

// Encodes what decodes to the same bytes again, and decodes nothing that is shorter or longer.
template <typename Decode>
void expect_exact(const std::string& row, const Decode& decode) {
  for (size_t cut = 0; cut < row.size(); ++cut) {
    EXPECT_FALSE(decode(std::string_view(row).substr(0, cut))) << "cut to " << cut << " of " << row.size() << " bytes";
  }
  EXPECT_FALSE(decode(row + '\0'));
  EXPECT_TRUE(decode(row));
}

Record full_record() {
  static const std::string fingerprint(16, 'f');
  static const std::string key = std::string(1, '\0') + "memory";
  Record r;
  r.version = 3;
  r.previous_doc = 200;
  r.seq = 70000;
  r.event_id = bytes_of(1);
  r.created_event_id = bytes_of(2);
  r.fingerprint = fingerprint;
  r.created_at_ms = -5;
  r.recorded_at_ms = 1'700'000'000'000;
  r.observed_at_ms = -62'135'596'800'000;
  r.expires_at_ms = 253'402'300'799'999;
  r.observed_at_given = r.expires_at_given = r.pinned = true;
  r.importance = 0;
  r.memory_class = 4;
  r.tier = 3;
  r.memory_key = key;
  r.session_id = "s";
  r.speaker = "Nina";
  r.kind = "fact";
  r.source = "chat";
  r.text = "text";
  r.content = "{}";
  r.tags = {"a", "", "a"};
  r.metadata = {{"k", MetadataView::Type::kText, "v", 0, false},
                {"l", MetadataView::Type::kNumber, "", double_bits(-1.5), false},
                {"m", MetadataView::Type::kFlag, "", 0, true}};
  return r;
}

std::string encoded(const Record& r) {
  std::string row;
  encode_record(r, row);
  return row;
}

TEST(RecordRow, IsReadBackAsItWasWritten) {
  Record read;
  const std::string row = encoded(full_record());
  ASSERT_TRUE(decode_record(row, read));
  EXPECT_EQ(encoded(read), row);
  EXPECT_EQ(read.metadata, full_record().metadata);
  EXPECT_EQ(read.tags, full_record().tags);
  EXPECT_EQ(read.created_at_ms, -5);
  EXPECT_EQ(read.observed_at_ms, -62'135'596'800'000);
  EXPECT_EQ(read.importance, 0);
  EXPECT_EQ(read.previous_doc, 200u);
}

TEST(RecordRow, ARecordThatIsUsedAgainKeepsNothingOfTheOneBefore) {
  Record read;
  const std::string full = encoded(full_record());
  ASSERT_TRUE(decode_record(full, read));
  Record small;
  small.memory_key = "\x02";
  const std::string row = encoded(small);
  ASSERT_TRUE(decode_record(row, read));
  EXPECT_EQ(encoded(read), row);
  EXPECT_TRUE(read.tags.empty());
  EXPECT_TRUE(read.metadata.empty());
  EXPECT_TRUE(read.fingerprint.empty());
  EXPECT_EQ(read.expires_at_ms, 0);
  EXPECT_EQ(read.importance, -1);
}

TEST(RecordRow, AStubHoldsNothing) {
  Record stub = full_record();
  stub.stub = true;
  const std::string row = encoded(stub);
  EXPECT_EQ(row.size(), 1u);
  Record read = full_record();
  ASSERT_TRUE(decode_record(row, read));
  EXPECT_TRUE(read.stub);
  EXPECT_TRUE(read.text.empty());
}

TEST(RecordRow, DamageIsFound) {
  expect_exact(encoded(full_record()), [](std::string_view row) {
    Record read;
    return decode_record(row, read).has_value();
  });
}

TEST(RecordRow, NoByteIsReadOutsideTheRowWhateverItHolds) {
  const std::string row = encoded(full_record());
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    // Of its exact size on the heap, so that a sanitizer sees a read beyond it.
    std::vector<char> damaged(row.begin(), row.end());
    for (uint64_t n = 1 + random() % 3; n > 0; --n) damaged[random() % damaged.size()] = static_cast<char>(random());
    Record read;
    static_cast<void>(decode_record({damaged.data(), damaged.size()}, read));
  }
}

TEST(RecordRow, OneWhoseTimesAddUpToNoneIsDamaged) {
  Record record;
  record.memory_key = "\x02";
  record.recorded_at_ms = record.observed_at_ms = INT64_MAX;
  std::string row = encoded(record);
  // Type, flags, version, seq, event id, ten bytes of the time; then how much later it happened, as zigzag has it.
  char& later = row[1 + 1 + 1 + 1 + 16 + 10];
  ASSERT_EQ(later, 0);
  Record read;
  EXPECT_TRUE(decode_record(row, read));
  later = 1;  // -1
  EXPECT_TRUE(decode_record(row, read));
  later = 2;  // 1
  const Status refused = decode_record(row, read);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kDataLoss);
}

TEST(RecordContent, HoldsNoTimeAndNoIdThatAServerMade) {
  Record one = full_record();
  one.observed_at_given = one.expires_at_given = false;
  Record two = one;
  two.event_id = two.created_event_id = bytes_of(9);
  two.seq = 1;
  two.recorded_at_ms = two.created_at_ms = two.observed_at_ms = two.expires_at_ms = 12;
  two.fingerprint = {};
  std::string first;
  std::string second;
  encode_record_content(one, first);
  encode_record_content(two, second);
  EXPECT_EQ(first, second);
  two.observed_at_given = true;
  second.clear();
  encode_record_content(two, second);
  EXPECT_NE(first, second);
}

TEST(MetaRow, IsReadBackAsItWasWrittenAndDamageIsFound) {
  Meta meta;
  meta.log_id = bytes_of(1);
  meta.epoch = 2;
  meta.next_offset = 3'000'000'000;
  meta.last_offset = 2'999'999'999;
  meta.last_event_id = bytes_of(4);
  meta.last_checksum = 5;
  meta.fingerprint_check = bytes_of(6);
  meta.seq = 7;
  meta.event_time_ms = -8;
  meta.state = {9, 10};
  meta.content = {11, 12};
  meta.next_ord = 13;
  meta.pending_first = 14;
  meta.pending_next = 15;
  meta.outbox_next = 16;
  meta.pending_forgets = 1;
  meta.index = {200, 300, 400};
  meta.expiry_due = true;
  meta.counters = {17, 18, 19, 20, 21, {22, 23, 24, 25, 26, 27, 28, 29}, 30, 31, 32};
  std::string row;
  encode_meta(meta, row);
  Meta read;
  ASSERT_TRUE(decode_meta(row, read));
  std::string again;
  encode_meta(read, again);
  EXPECT_EQ(again, row);
  EXPECT_EQ(read.event_time_ms, -8);
  EXPECT_EQ(read.counters.skipped[7], 29u);
  EXPECT_EQ(read.counters.forgotten, 32u);
  EXPECT_EQ(read.pending_forgets, 1u);
  EXPECT_EQ(read.index, meta.index);
  expect_exact(row, [](std::string_view bytes) {
    Meta other;
    return decode_meta(bytes, other).has_value();
  });
}

TEST(PointsRow, IsReadBackAsItWasWrittenAndDamageIsFound) {
  const std::vector<DigestPoint> points = {{1, 2, {3, 4}, {5, 6}, true}, {7, 8, {9, 10}, {11, 12}, false}};
  std::string row;
  encode_points(points, row);
  std::vector<DigestPoint> read;
  ASSERT_TRUE(decode_points(row, read));
  EXPECT_EQ(read, points);
  expect_exact(row, [](std::string_view bytes) {
    std::vector<DigestPoint> other;
    return decode_points(bytes, other).has_value();
  });
}

TEST(PendingRow, IsReadBackAsItWasWrittenAndDamageIsFound) {
  PendingWork work;
  work.type = PendingWork::Type::kForgetByFilter;
  work.ord = AgentOrd(1);
  work.doc = 2;
  work.end = 300;
  work.count = 4;
  work.time_ms = -5;
  work.event_id = bytes_of(6);
  work.key = "key";
  work.records_done = true;
  work.last_link = "link";
  std::string row;
  encode_pending(work, row);
  PendingWork read;
  ASSERT_TRUE(decode_pending(row, read));
  std::string again;
  encode_pending(read, again);
  EXPECT_EQ(again, row);
  EXPECT_EQ(read.time_ms, -5);
  EXPECT_EQ(read.last_link, "link");
  expect_exact(row, [](std::string_view bytes) {
    PendingWork other;
    return decode_pending(bytes, other).has_value();
  });
  row[0] = 9;
  EXPECT_FALSE(decode_pending(row, read)) << "an unknown kind of work";
}

TEST(OutboxRow, IsReadBackAsItWasWrittenAndDamageIsFound) {
  OutboxBatch batch;
  batch.epoch = 1;
  batch.next_offset = 3;
  batch.invalidations = {{1, 0, "acme", "nina", 1}, {2, 300, "acme", "omar", 3}};
  batch.dead_letters = {{4, SkipReason::kInvalid, "why"}, {5, SkipReason::kOldEpoch, ""}};
  std::string row;
  encode_outbox(batch, row);
  OutboxBatch read;
  ASSERT_TRUE(decode_outbox(row, read));
  EXPECT_EQ(read.invalidations, batch.invalidations);
  EXPECT_EQ(read.dead_letters, batch.dead_letters);
  EXPECT_EQ(read.next_offset, 3u);
  expect_exact(row, [](std::string_view bytes) {
    OutboxBatch other;
    return decode_outbox(bytes, other).has_value();
  });
}

TEST(SkipRow, IsReadBackAsItWasWrittenAndDamageIsFound) {
  const DeadLetter letter{77, SkipReason::kKeyMismatch, "why"};
  const std::string key = keys::of_sequence(keys::Row::kSkip, 77);
  std::string row;
  encode_skip(letter, row);
  DeadLetter read;
  ASSERT_TRUE(decode_skip(key, row, read));
  EXPECT_EQ(read, letter);
  expect_exact(row, [&key](std::string_view bytes) {
    DeadLetter other;
    return decode_skip(key, bytes, other).has_value();
  });
}

TEST(MemoryRow, EveryStateIsReadBackAsItWasWritten) {
  for (const MemoryRow::State state :
       {MemoryRow::State::kLive, MemoryRow::State::kForgotten, MemoryRow::State::kExpired, MemoryRow::State::kAlias}) {
    MemoryRowValue value;
    value.row = {state, 300};
    value.created_event_id = bytes_of(1);
    value.fingerprint = std::string(16, 'f');
    value.target = "target";
    std::string row;
    encode_memory_row(value, row);
    MemoryRowValue read;
    ASSERT_TRUE(decode_memory_row(row, read));
    EXPECT_EQ(read.row.state, state);
    std::string again;
    encode_memory_row(read, again);
    EXPECT_EQ(again, row);
    expect_exact(row, [](std::string_view bytes) {
      MemoryRowValue other;
      return decode_memory_row(bytes, other).has_value();
    });
  }
}

TEST(MemoryId, TextAndRowBytesMapOneToOne) {
  const std::string hex = "00112233445566778899aabbccddeeff";
  for (const std::string& text : {std::string("own"), "m-" + hex, "e-" + hex, std::string("m-short"), "x-" + hex,
                                  "m-" + std::string(32, 'G'), "M-" + hex, "m-" + hex + "0"}) {
    EXPECT_EQ(memory_id_text(memory_key_from_text(text)), text);
  }
  EXPECT_EQ(memory_key_from_text("m-" + hex)[0], 1);
  EXPECT_EQ(memory_key_from_text("e-" + std::string(32, '7')), memory_key_from_event_id(bytes_of(0x77)));
  EXPECT_EQ(memory_key_from_text("M-" + hex)[0], 0);
  EXPECT_TRUE(is_server_made(memory_key_from_event_id(bytes_of(1))));
  EXPECT_FALSE(is_server_made(memory_key_from_idempotency_key("a", "b", "c")));
}

TEST(ExpiryKey, SortsByTimeThenAgentThenDocument) {
  const std::vector<std::string> sorted = {keys::of_expiry(-5, AgentOrd(9), 9), keys::of_expiry(0, AgentOrd(0), 0),
                                           keys::of_expiry(7, AgentOrd(1), 300), keys::of_expiry(7, AgentOrd(2), 1),
                                           keys::of_expiry(7, AgentOrd(2), 256)};
  EXPECT_TRUE(std::is_sorted(sorted.begin(), sorted.end()));
  EXPECT_EQ(keys::expiry_time(sorted[0]), -5);
}

}  // namespace
}  // namespace mnemo
