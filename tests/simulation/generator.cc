#include "tests/simulation/generator.h"

#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "events/coding.h"
#include "events/hash.h"
#include "events/rules.h"

namespace mnemo::simulation {
namespace {

constexpr size_t kRecentKept = 64;
constexpr std::array<std::string_view, 40> kWords = {
    "tea",  "likes", "coffee", "Nina",    "garden", "the",     "moved",   "to",         "Berlin", "running",
    "ran",  "dog",   "dogs",   "support", "group",  "42",      "née",     "日本語",     "🙂",     "https://a.example/b",
    "went", "what",  "when",   "piano",   "mother", "surgery", "Tuesday", "blue",       "bought", "a",
    "is",   "never", "eats",   "fish",    "train",  "late",    "again",   "snake_case", "v1.2",   "hello"};

std::string string_of(const Bytes16& bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

Temper random_temper(Random& random) {
  Temper temper;
  temper.partitions = static_cast<uint32_t>(random.between(1, 3));
  temper.agents = static_cast<uint32_t>(random.between(1, 6));
  temper.words = static_cast<uint32_t>(random.between(1, 12));
  temper.garbage_per_mille = random.per_mille(300) ? 0 : static_cast<uint32_t>(random.below(80));
  temper.retries_per_mille = static_cast<uint32_t>(random.below(200));
  temper.expiries_per_mille = random.per_mille(300) ? 0 : static_cast<uint32_t>(random.below(300));
  temper.astray_per_mille = random.per_mille(300) ? 0 : static_cast<uint32_t>(random.below(400));
  temper.forgets_weight = static_cast<uint32_t>(random.below(6));
  temper.key_pool = static_cast<uint32_t>(random.between(2, 30));
  temper.many_documents = random.per_mille(100);
  temper.late_kinds = random.per_mille(250);
  return temper;
}

namespace {

bool is_operation(int kind) {
  return kind >= v1::EVENT_KIND_OPERATION_STARTED && kind <= v1::EVENT_KIND_OPERATION_FINISHED;
}

void draw_constants(Random& random, v1::RulesActivated& rules) {
  constexpr std::array<uint32_t, 7> kWindows = {1, 2, 3, 5, 16, 64, 1000};
  constexpr std::array<uint32_t, 6> kUnits = {1, 1, 2, 3, 8, 16};
  constexpr std::array<uint32_t, 6> kIntervals = {1, 2, 5, 7, 16, 64};
  constexpr std::array<uint32_t, 4> kLinks = {1, 2, 3, 8};
  rules.set_key_window(random.pick(kWindows));
  rules.set_work_units_per_event(random.pick(kUnits));
  rules.set_digest_interval(random.pick(kIntervals));
  rules.set_links_per_memory_max(random.pick(kLinks));
}

}  // namespace

v1::RulesActivated first_rules(Random& random, const Temper& temper, uint32_t partition) {
  v1::RulesActivated rules = default_rules(partition);
  draw_constants(random, rules);
  if (!temper.late_kinds) return rules;
  rules.clear_active_kinds();
  const v1::RulesActivated defaults = default_rules(partition);
  for (const int kind : defaults.active_kinds()) {
    const bool late = kind == v1::EVENT_KIND_ACCESSED || kind == v1::EVENT_KIND_LINKED || is_operation(kind);
    if (!late) rules.add_active_kinds(static_cast<v1::EventKind>(kind));
  }
  return rules;
}

Generator::Generator(Random& random, const Temper& temper, const Clock& clock, const LogIdentity& log)
    : random_(random),
      temper_(temper),
      clock_(clock),
      log_(log),
      key_(FingerprintKey::from_bytes(std::string(32, 'f')).value()) {
  for (uint32_t i = 0; i < temper_.agents; ++i) {
    agents_.push_back({i % 3 == 2 ? "other" : "acme", "agent" + std::to_string(i / 2), {}, 0});
  }
}

// --- Envelopes ---

std::string Generator::event_id() {
  std::string id;
  put_be64(id, random_.next());
  put_be64(id, random_.next());
  return id;
}

v1::Envelope Generator::control() {
  v1::Envelope envelope;
  envelope.set_event_id(event_id());
  envelope.set_schema_version(kSchemaVersion);
  return envelope;
}

// Event id, times, key and fingerprint, as producers of all sorts leave them.
void Generator::complete(v1::Envelope& envelope) {
  envelope.set_event_id(event_id());
  envelope.set_schema_version(kSchemaVersion);
  if (random_.per_mille(temper_.astray_per_mille)) {
    const int64_t astray_ms = static_cast<int64_t>(random_.below(20000)) - 15000;
    envelope.set_recorded_at_ms(clock_.now_ms() + astray_ms);
  } else if (random_.per_mille(600)) {
    envelope.set_recorded_at_ms(clock_.now_ms());
  }
  if (random_.per_mille(300)) envelope.set_idempotency_key("k" + std::to_string(random_.below(temper_.key_pool)));
  if (envelope.idempotency_key().empty() && random_.per_mille(400)) {
    envelope.set_idempotency_key("u" + to_hex(event_id().substr(0, 6)));
  }
  envelope.set_fingerprint(string_of(key_.fingerprint(envelope)));
  if (random_.per_mille(60)) envelope.clear_fingerprint();
  if (random_.per_mille(20)) envelope.set_fingerprint(event_id());
}

std::string Generator::text() {
  std::string text(random_.pick(kWords));
  for (uint64_t more = random_.below(temper_.words); more > 0; --more) text.append(" ").append(random_.pick(kWords));
  return text;
}

std::string Generator::some_id(const Agent& agent) {
  if (agent.ids.empty() || random_.per_mille(60)) return "absent" + std::to_string(random_.below(3));
  // Mostly one of the newest, so that events meet.
  const size_t recent = std::min<size_t>(agent.ids.size(), random_.per_mille(700) ? 12 : agent.ids.size());
  return agent.ids[agent.ids.size() - 1 - random_.below(recent)];
}

v1::MetadataEntry Generator::metadata(const std::string& key) {
  v1::MetadataEntry entry;
  entry.set_key(key);
  switch (random_.below(3)) {
    case 0: entry.mutable_text()->set_plain("v" + std::to_string(random_.below(4))); break;
    case 1: entry.set_number(static_cast<double>(random_.below(7)) / 2 - 1.5); break;
    default: entry.set_flag(random_.per_mille(500));
  }
  return entry;
}

v1::Embedding Generator::embedding() {
  v1::Embedding embedding;
  embedding.set_model(random_.per_mille(700) ? "m1" : "m2");
  for (uint64_t i = random_.between(1, 8); i > 0; --i) {
    const float value = static_cast<float>(random_.below(2001)) / 100 - 10;
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    put_le32(*embedding.mutable_values_f32_le(), bits);
  }
  return embedding;
}

void Generator::fill(v1::Remembered& e) {
  e.mutable_text()->set_plain(text());
  if (random_.per_mille(500)) e.set_session_id("s" + std::to_string(random_.below(4)));
  if (random_.per_mille(500)) e.set_speaker(random_.per_mille(500) ? "Nina" : "Omar");
  e.set_class_(static_cast<v1::MemoryClass>(random_.below(5)));
  if (random_.per_mille(300)) e.set_kind(random_.per_mille(500) ? "fact" : "message");
  for (uint64_t i = random_.below(4); i > 0; --i) e.add_tags(tag());
  for (const char* key : {"b", "a"}) {
    if (random_.per_mille(300)) *e.add_metadata() = metadata(key);
  }
  if (random_.per_mille(100)) e.mutable_content()->set_plain(R"({"a":[1,"x"]})");
  if (random_.per_mille(100)) e.set_source("chat");
  if (random_.per_mille(300)) e.set_observed_at_ms(clock_.now_ms() - static_cast<int64_t>(random_.below(1u << 30)));
  if (random_.per_mille(temper_.expiries_per_mille)) {
    e.set_expires_at_ms(clock_.now_ms() + static_cast<int64_t>(random_.below(3000)) - 500);
  }
  if (random_.per_mille(200)) e.set_importance(static_cast<int32_t>(random_.below(1001)));
  e.set_pinned(random_.per_mille(100));
  if (random_.per_mille(150)) *e.mutable_embedding() = embedding();
  e.set_tier(static_cast<v1::Tier>(random_.below(4)));
}

void Generator::fill(v1::Updated& e) {
  const auto chance = [this] { return random_.per_mille(250); };
  if (chance()) e.set_session_id(random_.per_mille(300) ? "" : "s9");
  if (chance()) e.set_speaker(random_.per_mille(300) ? "" : "Nina");
  if (chance()) e.set_class_(static_cast<v1::MemoryClass>(random_.below(5)));
  if (chance()) e.set_kind("note");
  if (chance()) e.mutable_tags();
  if (chance()) e.mutable_tags()->add_values(tag());
  if (chance()) e.mutable_metadata();
  if (chance()) *e.mutable_metadata()->add_entries() = metadata("c");
  if (chance()) e.mutable_content()->set_plain(random_.per_mille(500) ? "" : "[]");
  if (chance()) e.set_source("edit");
  if (chance()) e.set_observed_at_ms(clock_.now_ms());
  if (chance()) e.set_importance(5);
  if (chance()) e.set_pinned(random_.per_mille(500));
  if (chance()) e.set_tier(static_cast<v1::Tier>(random_.below(4)));
  if (random_.per_mille(temper_.expiries_per_mille)) {
    e.set_expires_at_ms(random_.per_mille(300) ? 0 : clock_.now_ms() + static_cast<int64_t>(random_.below(3000)));
  }
  if (chance() || e.ByteSizeLong() == 0) e.mutable_text()->set_plain(text());
}

void Generator::remember(v1::Envelope& envelope, Agent& agent) {
  v1::Remembered& e = *envelope.mutable_remembered();
  fill(e);
  const bool own = random_.per_mille(550);
  if (own) e.set_memory_id(random_.per_mille(70) ? some_id(agent) : "m" + std::to_string(agent.made++));
  complete(envelope);
  const std::string& key = envelope.idempotency_key();
  if (!own && key.empty()) {
    agent.ids.push_back("e-" + to_hex(envelope.event_id()));
  } else if (!key.empty() && (!own || random_.per_mille(50))) {
    agent.ids.push_back("m-" + to_hex(blake2b_128(agent.name_space + '\x1f' + agent.agent_id + '\x1f' + key)));
  }
  if (own) agent.ids.push_back(e.memory_id());
}

v1::Envelope Generator::agent_event() { return agent_event(agents_[random_.below(agents_.size())]); }

v1::Envelope Generator::agent_event(Agent& agent) {
  v1::Envelope envelope;
  envelope.set_namespace_(agent.name_space);
  envelope.set_agent_id(agent.agent_id);
  const std::array<uint32_t, 9> weights = {40, 14, 6, temper_.forgets_weight, 7, 9, 11, 4, 1};
  const auto some_version = [this] { return static_cast<uint32_t>(random_.between(1, 3)); };
  switch (random_.weighted(weights)) {
    case 0: remember(envelope, agent); return envelope;
    case 1:
      fill(*envelope.mutable_updated());
      envelope.mutable_updated()->set_memory_id(some_id(agent));
      if (random_.per_mille(300)) envelope.mutable_updated()->set_expected_version(some_version());
      break;
    case 2:
      envelope.mutable_forgotten()->set_memory_id(some_id(agent));
      if (random_.per_mille(200)) envelope.mutable_forgotten()->set_expected_version(some_version());
      break;
    case 3: *envelope.mutable_forgotten_by_filter()->mutable_filter() = filter(); break;
    case 4:
      for (uint64_t i = random_.between(1, 3); i > 0; --i) {
        v1::Accessed::Entry& entry = *envelope.mutable_accessed()->add_entries();
        entry.set_memory_id(some_id(agent));
        entry.set_count(static_cast<uint32_t>(random_.between(1, 5)));
      }
      break;
    case 5:
      envelope.mutable_embedding_attached()->set_memory_id(some_id(agent));
      envelope.mutable_embedding_attached()->set_version(random_.per_mille(700) ? 1 : some_version());
      *envelope.mutable_embedding_attached()->mutable_embedding() = embedding();
      break;
    case 6:
    case 7: {
      const std::string from = some_id(agent);
      const std::string to = some_id(agent);
      const std::string type = random_.per_mille(700) ? "about" : "caused_by";
      if (random_.per_mille(750)) {
        envelope.mutable_linked()->set_from_memory_id(from);
        envelope.mutable_linked()->set_type(type);
        envelope.mutable_linked()->set_to_memory_id(to);
      } else {
        envelope.mutable_unlinked()->set_from_memory_id(from);
        envelope.mutable_unlinked()->set_type(type);
        envelope.mutable_unlinked()->set_to_memory_id(to);
      }
      break;
    }
    default:
      switch (random_.below(4)) {
        case 0: envelope.mutable_consolidate_requested(); break;
        case 1: envelope.mutable_prune_requested(); break;
        case 2: envelope.mutable_summary_attached(); break;
        default: envelope.mutable_imported();
      }
  }
  complete(envelope);
  return envelope;
}

// --- Filters ---

v1::Condition Generator::condition() {
  using C = v1::Condition;
  C c;
  const auto text_of = [this](C::Field field) -> std::string {
    constexpr std::array<const char*, 3> kKinds = {"event", "fact", "message"};
    switch (field) {
      case C::TAG: return tag();
      case C::SESSION: return "s" + std::to_string(random_.below(4));
      case C::SPEAKER: return random_.per_mille(500) ? "Nina" : "Omar";
      case C::CLASS: return random_.per_mille(500) ? "semantic" : "episodic";
      case C::KIND: return random_.pick(kKinds);
      case C::TIER: return random_.per_mille(500) ? "short" : "long";
      default: return "v" + std::to_string(random_.below(4));
    }
  };
  c.set_field(static_cast<C::Field>(random_.between(C::TAG, C::RECORDED_AT)));
  const bool time = c.field() == C::OBSERVED_AT || c.field() == C::RECORDED_AT;
  const uint64_t form = c.field() == C::METADATA ? random_.below(3) : time ? 3 : 0;
  constexpr std::array kText = {C::EQ, C::NE, C::ANY, C::STARTSWITH, C::ALL};
  constexpr std::array kOrder = {C::EQ, C::GT, C::GTE, C::LT, C::LTE, C::BETWEEN, C::NE};
  if (c.field() == C::METADATA) c.set_metadata_key(random_.per_mille(500) ? "a" : "b");
  if (form == 0) {
    c.set_op(kText[random_.below(c.field() == C::TAG ? 5 : 4)]);
    const bool many = c.op() == C::ANY || c.op() == C::ALL;
    for (uint64_t i = many ? random_.between(1, 3) : 1; i > 0; --i) c.add_values()->set_text(text_of(c.field()));
    if (c.op() == C::STARTSWITH) c.mutable_values(0)->set_text(c.values(0).text().substr(0, random_.between(1, 2)));
  } else if (form == 1) {
    c.set_op(kOrder[random_.below(7)]);
    const double least = static_cast<double>(random_.below(7)) / 2 - 1.5;
    c.add_values()->set_number(least);
    if (c.op() == C::BETWEEN) c.add_values()->set_number(least + 1);
  } else if (form == 2) {
    c.set_op(random_.per_mille(500) ? C::EQ : C::NE);
    c.add_values()->set_flag(random_.per_mille(500));
  } else {
    c.set_op(kOrder[random_.below(6)]);
    const TimestampMs at_ms = clock_.now_ms() - static_cast<int64_t>(random_.below(20000));
    c.add_values()->set_time_ms(at_ms);
    if (c.op() == C::BETWEEN) c.add_values()->set_time_ms(at_ms + 5000);
  }
  return c;
}

v1::Filter Generator::filter(int depth) {
  v1::Filter f;
  const uint64_t node = depth >= 2 ? 3 : random_.below(7);
  if (node > 2) {
    *f.mutable_condition() = condition();
  } else if (node == 2) {
    *f.mutable_not_() = filter(depth + 1);
  } else {
    v1::FilterGroup& group = node == 0 ? *f.mutable_and_() : *f.mutable_or_();
    for (uint64_t i = random_.between(1, 3); i > 0; --i) *group.add_filters() = filter(depth + 1);
  }
  return f;
}

// --- Records ---

v1::Envelope Generator::retry() {
  v1::Envelope envelope = recent_[random_.below(recent_.size())];
  switch (random_.below(4)) {
    case 0:
    case 1: break;                                     // the very same record
    case 2: envelope.set_event_id(event_id()); break;  // the same request again, under its key
    default: {
      // Another request under the same key.
      const std::string key = envelope.idempotency_key();
      v1::Envelope other = agent_event();
      other.set_namespace_(envelope.namespace_());
      other.set_agent_id(envelope.agent_id());
      other.set_idempotency_key(key);
      other.set_fingerprint(string_of(key_.fingerprint(other)));
      envelope = other;
    }
  }
  return envelope;
}

v1::Envelope Generator::broken() {
  v1::Envelope e = agent_event();
  switch (random_.below(9)) {
    case 0: e.mutable_remembered()->mutable_text()->set_plain(""); break;
    case 1: e.mutable_remembered()->mutable_text()->mutable_sealed()->set_key_id("k"); break;
    case 2: e.set_event_id("short"); break;
    case 3: e.clear_event(); break;
    case 4: e.set_schema_version(0); break;
    case 5: e.mutable_updated()->set_memory_id("m1"); break;  // changes nothing, or whatever it was before
    case 6: e.mutable_remembered()->mutable_text()->set_plain(std::string(70000, 'x')); break;
    case 7: e.mutable_forgotten_by_filter()->mutable_filter()->mutable_and_(); break;
    default: e.set_fingerprint("short");
  }
  return e;
}

NewRecord Generator::garbage() {
  const v1::Envelope envelope = agent_event();
  NewRecord record = make_record(envelope, log_.partitions);
  switch (random_.below(6)) {
    case 0: record.value = event_id(); break;
    case 1: record.value.resize(record.value.size() / 2); break;
    case 2: record.value[random_.below(record.value.size())] ^= static_cast<char>(1 << random_.below(8)); break;
    case 3: record.key = message_key("acme", "somebody else"); break;
    case 4: record.partition = PartitionId((record.partition.value + 1) % log_.partitions); break;
    default: record = make_record(broken(), log_.partitions);
  }
  return record;
}

NewRecord Generator::record() {
  if (random_.per_mille(temper_.garbage_per_mille)) return garbage();
  const bool again = !recent_.empty() && random_.per_mille(temper_.retries_per_mille);
  const v1::Envelope envelope = again ? retry() : agent_event();
  if (recent_.size() < kRecentKept) {
    recent_.push_back(envelope);
  } else {
    recent_[random_.below(kRecentKept)] = envelope;
  }
  return make_record(envelope, log_.partitions);
}

NewRecord Generator::one_of_many() {
  Agent& agent = agents_[0];
  v1::Envelope envelope;
  envelope.set_namespace_(agent.name_space);
  envelope.set_agent_id(agent.agent_id);
  remember(envelope, agent);
  return make_record(envelope, log_.partitions);
}

// --- Control events ---

std::vector<NewRecord> Generator::rules_change() {
  v1::RulesActivated next = rules_;
  draw_constants(random_, next);
  const bool refused = random_.per_mille(150);
  if (!refused) next.set_rules_version(rules_.rules_version() + static_cast<uint32_t>(random_.between(1, 3)));
  const auto activate = [&next](int kind) {
    const auto& kinds = next.active_kinds();
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
      next.add_active_kinds(static_cast<v1::EventKind>(kind));
    }
  };
  if (random_.per_mille(500)) activate(v1::EVENT_KIND_ACCESSED);
  if (random_.per_mille(500)) activate(v1::EVENT_KIND_LINKED);
  // As activate_rules() does: all three.
  if (temper_.late_kinds && random_.per_mille(500)) {
    for (int kind = v1::EVENT_KIND_OPERATION_STARTED; is_operation(kind); ++kind) activate(kind);
  }
  if (random_.per_mille(100)) activate(v1::EVENT_KIND_PRUNE_REQUESTED);  // which this build cannot apply
  if (random_.per_mille(100)) activate(63);                              // which it has never heard of
  if (random_.per_mille(100)) next.mutable_limits()->set_text_bytes(static_cast<uint32_t>(random_.between(20, 65536)));
  if (!refused) rules_ = next;
  std::vector<NewRecord> records;
  for (uint32_t partition = 0; partition < log_.partitions; ++partition) {
    v1::Envelope envelope = control();
    *envelope.mutable_rules_activated() = next;
    envelope.mutable_rules_activated()->set_partition(partition);
    records.push_back(make_record(envelope, log_.partitions));
  }
  return records;
}

std::vector<NewRecord> Generator::policy_change() {
  constexpr std::array<int64_t, 4> kTtls = {0, 0, 1000, 10000};
  const int64_t ttl_ms = random_.pick(kTtls);
  if (!random_.per_mille(150)) ++policy_version_;
  std::vector<NewRecord> records;
  for (uint32_t partition = 0; partition < log_.partitions; ++partition) {
    v1::Envelope envelope = control();
    v1::PolicyUpdated& e = *envelope.mutable_policy_updated();
    e.set_partition(partition);
    e.set_namespace_(agents_[0].name_space);
    e.set_version(policy_version_ + 1);
    e.set_ttl_ms(ttl_ms);
    records.push_back(make_record(envelope, log_.partitions));
  }
  return records;
}

NewRecord Generator::tick(PartitionId partition) {
  v1::Envelope envelope = control();
  envelope.mutable_ticked()->set_partition(partition.value);
  const int64_t astray_ms = random_.per_mille(200) ? static_cast<int64_t>(random_.below(4000)) - 2000 : 0;
  envelope.mutable_ticked()->set_time_ms(clock_.now_ms() + astray_ms);
  return make_record(envelope, log_.partitions);
}

NewRecord Generator::skip(PartitionId partition, uint64_t offset) {
  v1::Envelope envelope = control();
  v1::SkipRecorded& e = *envelope.mutable_skip_recorded();
  e.set_partition(partition.value);
  e.set_epoch(log_.epoch);
  e.set_offset(offset);
  e.set_reason("it halts");
  return make_record(envelope, log_.partitions);
}

NewRecord Generator::of_a_newer_build() {
  v1::Envelope envelope = agent_event();
  switch (random_.below(3)) {
    case 0: envelope.set_schema_version(kSchemaVersion + 1); break;
    case 1: {  // a reserved kind, with a field that it will have
      v1::PruneRequested& e = *envelope.mutable_prune_requested();
      e.GetReflection()->MutableUnknownFields(&e)->AddVarint(1, random_.below(100));
      break;
    }
    default:  // a kind to come
      envelope.clear_event();
      envelope.GetReflection()->MutableUnknownFields(&envelope)->AddLengthDelimited(63, "");
  }
  return make_record(envelope, log_.partitions);
}

NewRecord Generator::refused_control() {
  v1::Envelope envelope = control();
  switch (random_.below(4)) {
    case 0: {
      v1::EpochStarted& e = *envelope.mutable_epoch_started();
      e.set_epoch(static_cast<uint32_t>(random_.between(1, 2)));
      e.set_partitions(log_.partitions);
      e.set_log_id(string_of(log_.log_id));
      e.set_fingerprint_check(string_of(key_.check_value()));
      break;
    }
    case 1:
      envelope.mutable_skip_recorded()->set_epoch(log_.epoch + 1);
      envelope.mutable_skip_recorded()->set_offset(random_.below(100));
      break;
    case 2: envelope.mutable_operation_started(); break;
    default: envelope.mutable_subject_erased();
  }
  NewRecord record = make_record(envelope, log_.partitions);
  if (random_.per_mille(300)) record.partition = PartitionId(static_cast<uint32_t>(random_.below(log_.partitions)));
  return record;
}

}  // namespace mnemo::simulation
