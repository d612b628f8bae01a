#include "tests/projector/partition.h"

#include <cstring>

#include "events/coding.h"
#include "events/genesis.h"
#include "projector/store/memory_id.h"

namespace mnemo::projector_test {
namespace {

template <typename T>
T must(Result<T> result) {
  if (!result) std::fprintf(stderr, "%s\n", result.error().message.c_str());
  MNEMO_CHECK(result.has_value());
  return std::move(*result);
}
void must(const Status& status) {
  if (!status) std::fprintf(stderr, "%s\n", status.error().message.c_str());
  MNEMO_CHECK(status.has_value());
}

LogIdentity identity_of(const Setup& setup) {
  LogIdentity log;
  log.log_id.fill(0x4c);
  log.partitions = setup.partitions;
  return log;
}

}  // namespace

Partition::Partition(Setup setup, StateLimits limits)
    : setup_(setup),
      limits_(limits),
      log_(identity_of(setup)),
      key_(must(FingerprintKey::from_bytes(std::string(32, 'f')))),
      env_(rocksdb::NewMemEnv(rocksdb::Env::Default())),
      resources_(64 << 20) {
  open();
  if (!setup_.founded) return;
  const ManualClock clock(now_ms);
  UuidGenerator ids(clock, 1);
  for (const NewRecord& record : genesis_records(log_, key_.check_value(), clock, ids)) {
    if (record.partition.value == setup_.partition) append_raw(record.key, record.value);
  }
  must(apply_appended());
}

void Partition::open() {
  ProjectionOptions options;
  options.store.dir = "/state";
  options.store.partition = PartitionId(setup_.partition);
  options.store.resources = &resources_;
  options.store.env = setup_.env != nullptr ? setup_.env : env_.get();
  options.store.simulated = true;
  options.log = log_;
  options.limits = limits_;
  options.on_commit = setup_.on_commit;
  projection_ = must(Projection::open(options));
}

v1::Envelope Partition::completed(v1::Envelope envelope) {
  if (envelope.event_id().empty()) {
    std::string id(8, '\x01');
    put_be64(id, ++ids_);
    envelope.set_event_id(id);
  }
  if (envelope.schema_version() == 0) envelope.set_schema_version(kSchemaVersion);
  if (is_control(kind_of(envelope)) || !envelope.fingerprint().empty()) return envelope;
  const Bytes16 fingerprint = key_.fingerprint(envelope);
  envelope.set_fingerprint(std::string(fingerprint.begin(), fingerprint.end()));
  return envelope;
}

void Partition::append(v1::Envelope envelope) {
  envelope = completed(std::move(envelope));
  NewRecord record = make_record(envelope, setup_.partitions);
  append_raw(std::move(record.key), std::move(record.value));
}

void Partition::append_raw(std::string key, std::string value) {
  appended_.push_back({now_ms, std::move(key), std::move(value)});
}

Status Partition::apply_appended(std::vector<Outcome>* outcomes, size_t records) {
  std::vector<LogRecord> batch;
  for (uint64_t at = meta().next_offset; at < appended_.size() && batch.size() < records; ++at) {
    const Appended& record = appended_[at];
    batch.push_back({{PartitionId(setup_.partition), log_.epoch, at}, record.at_ms, record.key, record.value});
  }
  return projection_->apply(batch, skips, outcomes, announce);
}

Status Partition::try_add(v1::Envelope envelope) {
  append(std::move(envelope));
  return apply_appended();
}

Status Partition::try_add_raw(std::string key, std::string value) {
  append_raw(std::move(key), std::move(value));
  return apply_appended();
}

Outcome Partition::add(v1::Envelope envelope) {
  append(std::move(envelope));
  std::vector<Outcome> outcomes;
  must(apply_appended(&outcomes));
  MNEMO_CHECK(outcomes.size() == 1);
  return outcomes[0];
}

Outcome Partition::add_raw(std::string key, std::string value) {
  append_raw(std::move(key), std::move(value));
  std::vector<Outcome> outcomes;
  must(apply_appended(&outcomes));
  MNEMO_CHECK(outcomes.size() == 1);
  return outcomes[0];
}

v1::RulesActivated Partition::rules_event() const {
  const Rules now = *projection_->rules();
  v1::RulesActivated rules = default_rules(setup_.partition);
  rules.set_rules_version(now.version + 1);
  if (now.version == 0) return rules;
  rules.clear_active_kinds();
  for (int kind = kKindNumberMin; kind <= kKindNumberMax; ++kind) {
    if (now.active_kinds[static_cast<size_t>(kind)]) rules.add_active_kinds(static_cast<v1::EventKind>(kind));
  }
  rules.set_key_window(now.key_window);
  rules.set_work_units_per_event(now.work_units_per_event);
  rules.set_digest_interval(now.digest_interval);
  rules.set_links_per_memory_max(now.links_per_memory_max);
  *rules.mutable_limits() = now.limits;
  return rules;
}

Outcome Partition::tick(TimestampMs time_ms) {
  v1::Envelope envelope;
  envelope.mutable_ticked()->set_partition(setup_.partition);
  envelope.mutable_ticked()->set_time_ms(time_ms);
  return add(envelope);
}

int Partition::settle() {
  int ticks = 0;
  for (; !meta().settled(); ++ticks) {
    MNEMO_CHECK(ticks < 100000);
    tick(meta().event_time_ms);
  }
  return ticks;
}

void Partition::drain() {
  for (int ticks = 0; !meta().idle(); ++ticks) {
    MNEMO_CHECK(ticks < 100000);
    tick(meta().event_time_ms);
  }
}

void Partition::crash() {
  projection_.reset();
  open();
}

std::unique_ptr<Partition> Partition::rebuilt(size_t batch) const {
  Setup setup = setup_;
  setup.founded = false;
  setup.env = nullptr;
  setup.on_commit = {};
  auto other = std::make_unique<Partition>(setup, limits_);
  other->appended_ = appended_;
  other->skips = skips;
  other->announce = announce;
  other->now_ms = now_ms;
  other->ids_ = ids_;
  while (other->meta().next_offset < appended_.size()) must(other->apply_appended(nullptr, batch));
  return other;
}

std::unique_ptr<View> Partition::view() const { return must(projection_->view()); }

std::string Partition::row(const std::string& key) const {
  std::string value;
  must(view()->get(key, value));
  return value;
}

void Partition::damage(const std::string& key, const std::string& value) {
  BatchRows rows(projection_->store().rows());
  rows.put(key, value);
  must(projection_->store().write(rows));
}

std::optional<Seen> Partition::memory(const std::string& id, const std::string& agent) const {
  const auto now = view();
  const auto known = must(now->agent("acme", agent));
  if (!known) return std::nullopt;
  const auto row = must(now->memory(known->ord, memory_key_from_text(id)));
  if (!row) return std::nullopt;
  Seen seen;
  seen.state = row->state;
  seen.doc = row->doc;
  must(now->record(known->ord, row->doc, seen.holder, seen.record));
  seen.stub = seen.record.stub;
  return seen;
}

uint32_t Partition::live(const std::string& agent) const {
  const auto now = view();
  const auto known = must(now->agent("acme", agent));
  if (!known) return 0;
  uint32_t live = 0;
  const std::string from = keys::of_agent(keys::Row::kMemory, known->ord);
  must(now->scan(from, prefix_end(from), [&live](std::string_view /*key*/, std::string_view value) {
    if (value[0] == static_cast<char>(MemoryRow::State::kLive)) ++live;
    return true;
  }));
  return live;
}

size_t Partition::rows(keys::Row row) const {
  size_t count = 0;
  const std::string from = keys::start(row);
  must(view()->scan(from, prefix_end(from), [&count](std::string_view /*key*/, std::string_view /*value*/) {
    ++count;
    return true;
  }));
  return count;
}

namespace {

v1::Envelope envelope_of_nina() {
  v1::Envelope envelope;
  envelope.set_namespace_("acme");
  envelope.set_agent_id("nina");
  return envelope;
}

}  // namespace

v1::Envelope remember(const std::string& id, const std::string& text) {
  v1::Envelope envelope = envelope_of_nina();
  envelope.mutable_remembered()->set_memory_id(id);
  envelope.mutable_remembered()->mutable_text()->set_plain(text);
  return envelope;
}

v1::Envelope update(const std::string& id, const std::string& text) {
  v1::Envelope envelope = envelope_of_nina();
  envelope.mutable_updated()->set_memory_id(id);
  envelope.mutable_updated()->mutable_text()->set_plain(text);
  return envelope;
}

v1::Envelope forget(const std::string& id) {
  v1::Envelope envelope = envelope_of_nina();
  envelope.mutable_forgotten()->set_memory_id(id);
  return envelope;
}

v1::Envelope forget_tag(const std::string& tag) {
  v1::Envelope envelope = envelope_of_nina();
  v1::Condition& condition = *envelope.mutable_forgotten_by_filter()->mutable_filter()->mutable_condition();
  condition.set_field(v1::Condition::TAG);
  condition.set_op(v1::Condition::EQ);
  condition.add_values()->set_text(tag);
  return envelope;
}

v1::Envelope link(const std::string& from, const std::string& to, const std::string& type) {
  v1::Envelope envelope = envelope_of_nina();
  envelope.mutable_linked()->set_from_memory_id(from);
  envelope.mutable_linked()->set_type(type);
  envelope.mutable_linked()->set_to_memory_id(to);
  return envelope;
}

v1::Envelope unlink(const std::string& from, const std::string& to, const std::string& type) {
  v1::Envelope envelope = envelope_of_nina();
  envelope.mutable_unlinked()->set_from_memory_id(from);
  envelope.mutable_unlinked()->set_type(type);
  envelope.mutable_unlinked()->set_to_memory_id(to);
  return envelope;
}

v1::Envelope access(const std::string& id, uint32_t count) {
  v1::Envelope envelope = envelope_of_nina();
  v1::Accessed::Entry& entry = *envelope.mutable_accessed()->add_entries();
  entry.set_memory_id(id);
  entry.set_count(count);
  return envelope;
}

v1::Envelope embed(const std::string& id, uint32_t version, const std::string& model, std::vector<float> values) {
  v1::Envelope envelope = envelope_of_nina();
  v1::EmbeddingAttached& event = *envelope.mutable_embedding_attached();
  event.set_memory_id(id);
  event.set_version(version);
  event.mutable_embedding()->set_model(model);
  std::string& bytes = *event.mutable_embedding()->mutable_values_f32_le();
  for (const float value : values) {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    put_le32(bytes, bits);
  }
  return envelope;
}

v1::Envelope policy(const std::string& name_space, uint32_t version, int64_t ttl_ms, uint32_t partition) {
  v1::Envelope envelope;
  v1::PolicyUpdated& event = *envelope.mutable_policy_updated();
  event.set_partition(partition);
  event.set_namespace_(name_space);
  event.set_version(version);
  event.set_ttl_ms(ttl_ms);
  return envelope;
}

v1::Envelope keyed(v1::Envelope envelope, const std::string& key) {
  envelope.set_idempotency_key(key);
  return envelope;
}

v1::Envelope tagged(v1::Envelope envelope, const std::string& tag) {
  envelope.mutable_remembered()->add_tags(tag);
  return envelope;
}

v1::Envelope of_agent(v1::Envelope envelope, const std::string& agent) {
  envelope.set_agent_id(agent);
  return envelope;
}

}  // namespace mnemo::projector_test
