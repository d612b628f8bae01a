#include "tests/query/drafts.h"

#include <algorithm>

#include "events/fixed_point.h"

namespace mnemo::query_test {
namespace {

using v1::Condition;

const std::vector<std::string> kWords = {"tea",   "green",  "moved",   "Lisbon", "garden", "went",   "hiking", "kids",
                                         "the",   "a",      "of",      "who",    "Nina",   "Omar",   "Will",   "will",
                                         "naïve", "東京",   "Привет",  "🍵",     "7",      "v1.2.3", "piano",  "piano",
                                         "novel", "novels", "a@b.org", "don't",  "summer", "river",  "it",     "x_y"};
const std::vector<std::string> kSpeakers = {"", "Nina", "Omar", "Will", "Mary Ann", "東京"};
const std::vector<std::string> kSessions = {"", "s1", "s2", "s10", "session"};
const std::vector<std::string> kTags = {"home", "work", "work/urgent", "wörk", "h"};
const std::vector<std::string> kKinds = {"event", "message", "fact"};
const std::vector<std::string> kClasses = {"episodic", "semantic", "procedural", "working"};
const std::vector<std::string> kTiers = {"short", "mid", "long"};
const std::vector<std::string> kKeys = {"k", "kk", "price", "place"};
const std::vector<std::string> kTexts = {"", "a", "ab", "abc", "Lisbon", "1"};
const std::vector<double> kNumbers = {0.0, -0.0, 1,     -1,     1.5,   2,      3,      255,
                                      256, 257,  65536, -65536, 1e300, -1e300, 5e-324, 0.1};

constexpr TimestampMs kStartMs = 1'700'000'000'000;
TimestampMs random_time(Random& random) { return kStartMs + static_cast<TimestampMs>(below(random, 20)) * 60'000; }

double random_number(Random& random) {
  return below(random, 2) == 0 ? pick(random, kNumbers) : static_cast<double>(below(random, 400)) / 4 - 50;
}

DraftValue random_value(Random& random, const std::string& key) {
  DraftValue value;
  value.key = key;
  switch (below(random, 4)) {
    case 0: value.text = pick(random, kTexts); break;
    case 1:
      value.type = MetadataView::Type::kFlag;
      value.flag = below(random, 2) == 1;
      break;
    default: value.type = MetadataView::Type::kNumber; value.number = random_number(random);
  }
  return value;
}

std::string random_words(Random& random, uint64_t count) {
  std::string text;
  for (uint64_t i = 0; i < count; ++i) text += (i == 0 ? "" : " ") + pick(random, kWords);
  return text;
}

v1::Filter random_names(Random& random, Condition::Field field, const std::vector<std::string>& pool) {
  const bool named = field == Condition::CLASS || field == Condition::TIER;
  std::vector<std::string> values(1 + below(random, 3));
  for (std::string& value : values) value = pick(random, pool);
  std::vector<Condition::Operator> ops = {Condition::EQ, Condition::NE, Condition::ANY, Condition::STARTSWITH};
  if (field == Condition::TAG) ops.push_back(Condition::ALL);
  const Condition::Operator op = pick(random, ops);
  if (op == Condition::STARTSWITH) values = {pick(random, std::vector<std::string>{"s", "w", "wör", "e", "M", "x"})};
  if (op == Condition::EQ || op == Condition::NE) values.resize(1);
  if (!named && below(random, 8) == 0) values[0] = "absent";
  return condition(field, op, values);
}

v1::Filter random_times(Random& random) {
  const auto field = below(random, 2) == 0 ? Condition::OBSERVED_AT : Condition::RECORDED_AT;
  const auto op = pick(random, std::vector<Condition::Operator>{Condition::EQ, Condition::GT, Condition::GTE,
                                                                Condition::LT, Condition::LTE, Condition::BETWEEN});
  std::vector<TimestampMs> times = {random_time(random), random_time(random)};
  std::sort(times.begin(), times.end());
  if (op != Condition::BETWEEN) times.resize(1);
  return time_condition(field, op, times);
}

v1::Filter random_metadata_texts(Random& random) {
  const auto op = pick(
      random, std::vector<Condition::Operator>{Condition::EQ, Condition::NE, Condition::ANY, Condition::STARTSWITH});
  std::vector<std::string> texts(op == Condition::ANY ? 2 : 1);
  for (std::string& text : texts) text = pick(random, kTexts);
  if (op == Condition::STARTSWITH) texts = {pick(random, std::vector<std::string>{"a", "ab", "L"})};
  v1::Filter filter = condition(Condition::METADATA, op, texts);
  filter.mutable_condition()->set_metadata_key(pick(random, kKeys));
  return filter;
}

v1::Filter random_metadata(Random& random) {
  if (below(random, 3) == 0) return random_metadata_texts(random);
  if (below(random, 4) == 0) {
    v1::Filter filter = condition(Condition::METADATA, below(random, 2) == 0 ? Condition::EQ : Condition::NE, {});
    filter.mutable_condition()->set_metadata_key(pick(random, kKeys));
    filter.mutable_condition()->add_values()->set_flag(below(random, 2) == 1);
    return filter;
  }
  const auto op =
      pick(random, std::vector<Condition::Operator>{Condition::EQ, Condition::NE, Condition::GT, Condition::GTE,
                                                    Condition::LT, Condition::LTE, Condition::BETWEEN});
  std::vector<double> numbers = {random_number(random), random_number(random)};
  std::sort(numbers.begin(), numbers.end());
  if (op != Condition::BETWEEN) numbers.resize(1);
  return number_condition(pick(random, kKeys), op, numbers);
}

v1::Filter random_condition(Random& random) {
  switch (below(random, 10)) {
    case 0: return random_names(random, Condition::TAG, kTags);
    case 1: return random_names(random, Condition::SESSION, {"s1", "s2", "s10", "session"});
    case 2: return random_names(random, Condition::SPEAKER, {"Nina", "Omar", "Will", "Mary Ann", "東京"});
    case 3: return random_names(random, Condition::CLASS, kClasses);
    case 4: return random_names(random, Condition::KIND, kKinds);
    case 5: return random_names(random, Condition::TIER, kTiers);
    case 6: return random_times(random);
    default: return random_metadata(random);
  }
}

}  // namespace

std::string encode_draft(const Draft& draft, uint64_t seq, uint32_t version, uint32_t previous_doc,
                         TimestampMs created_at_ms) {
  const MemoryKey key = memory_key_from_text(draft.id);
  Record record;
  record.version = version;
  record.previous_doc = previous_doc;
  record.seq = seq;
  for (size_t i = 0; i < 8; ++i) record.event_id[15 - i] = static_cast<uint8_t>(seq >> (8 * i));
  record.created_event_id = record.event_id;
  record.recorded_at_ms = draft.recorded_at_ms;
  record.created_at_ms = version == 1 ? draft.recorded_at_ms : created_at_ms;
  record.observed_at_ms = draft.observed_at_ms;
  record.expires_at_ms = draft.expires_at_ms;
  record.observed_at_given = true;
  record.expires_at_given = draft.expires_at_ms != 0;
  record.memory_class = draft.memory_class;
  record.tier = draft.tier;
  record.memory_key = key;
  record.session_id = draft.session;
  record.speaker = draft.speaker;
  record.kind = draft.kind;
  record.text = draft.text;
  record.content = draft.content;
  record.source = draft.source;
  record.importance = draft.importance;
  record.pinned = draft.pinned;
  record.tags.assign(draft.tags.begin(), draft.tags.end());
  for (const DraftValue& value : draft.metadata) {
    record.metadata.push_back({value.key, value.type, value.text, double_bits(value.number), value.flag});
  }
  std::string row;
  encode_record(record, row);
  return row;
}

Draft random_draft(Random& random, const std::string& id) {
  Draft draft;
  draft.id = id;
  draft.text = random_words(random, below(random, 12));
  draft.session = pick(random, kSessions);
  draft.speaker = pick(random, kSpeakers);
  draft.kind = pick(random, kKinds);
  draft.memory_class = static_cast<uint8_t>(1 + below(random, 4));
  draft.tier = static_cast<uint8_t>(1 + below(random, 3));
  draft.observed_at_ms = random_time(random);
  draft.recorded_at_ms = random_time(random);
  for (const std::string& tag : kTags) {
    if (below(random, 4) == 0) draft.tags.push_back(tag);
  }
  for (const std::string& key : kKeys) {
    if (below(random, 2) == 0) draft.metadata.push_back(random_value(random, key));
  }
  return draft;
}

std::string random_question(Random& random) { return random_words(random, 1 + below(random, 6)); }

v1::Filter random_filter(Random& random, int depth) {
  const uint64_t shape = depth == 0 ? 3 : below(random, 5);
  v1::Filter filter;
  if (shape == 2) return negated(random_filter(random, depth - 1));
  if (shape > 2) return random_condition(random);
  v1::FilterGroup& group = shape == 0 ? *filter.mutable_and_() : *filter.mutable_or_();
  for (uint64_t i = 0; i <= below(random, 3); ++i) *group.add_filters() = random_filter(random, depth - 1);
  return filter;
}

v1::Filter condition(Condition::Field field, Condition::Operator op, const std::vector<std::string>& texts) {
  v1::Filter filter;
  filter.mutable_condition()->set_field(field);
  filter.mutable_condition()->set_op(op);
  for (const std::string& text : texts) filter.mutable_condition()->add_values()->set_text(text);
  return filter;
}

v1::Filter time_condition(Condition::Field field, Condition::Operator op, const std::vector<TimestampMs>& times) {
  v1::Filter filter = condition(field, op, {});
  for (const TimestampMs time : times) filter.mutable_condition()->add_values()->set_time_ms(time);
  return filter;
}

v1::Filter number_condition(const std::string& key, Condition::Operator op, const std::vector<double>& numbers) {
  v1::Filter filter = condition(Condition::METADATA, op, {});
  filter.mutable_condition()->set_metadata_key(key);
  for (const double number : numbers) filter.mutable_condition()->add_values()->set_number(number);
  return filter;
}

v1::Filter negated(const v1::Filter& filter) {
  v1::Filter result;
  *result.mutable_not_() = filter;
  return result;
}

}  // namespace mnemo::query_test
