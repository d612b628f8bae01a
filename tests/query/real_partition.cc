#include "tests/query/real_partition.h"

#include <unistd.h>

#include <algorithm>

#include "events/rules.h"

namespace mnemo::query_test {
namespace {

std::string as_string(const Bytes16& bytes) { return {bytes.begin(), bytes.end()}; }

void set_metadata(const Draft& draft, google::protobuf::RepeatedPtrField<v1::MetadataEntry>& out) {
  for (const DraftValue& value : draft.metadata) {
    v1::MetadataEntry& entry = *out.Add();
    entry.set_key(value.key);
    switch (value.type) {
      case MetadataView::Type::kText: entry.mutable_text()->set_plain(value.text); break;
      case MetadataView::Type::kNumber: entry.set_number(value.number); break;
      case MetadataView::Type::kFlag: entry.set_flag(value.flag); break;
    }
  }
}

std::filesystem::path new_directory() {
  std::string path = std::filesystem::temp_directory_path() / "mnemo-query-XXXXXX";
  MNEMO_CHECK(mkdtemp(path.data()) != nullptr);
  return path;
}

}  // namespace

RealPartition::RealPartition(uint32_t work_units_per_event, CommitListener on_commit, bool loses_unflushed)
    : dir_(new_directory()) {
  identity_.log_id.fill(7);
  projection_ = Projection::open({.store = {.dir = dir_ / "store",
                                            .partition = PartitionId(0),
                                            .resources = &resources_,
                                            .simulated = loses_unflushed},
                                  .log = identity_,
                                  .limits = {},
                                  .on_commit = std::move(on_commit)})
                    .value();
  for (const NewRecord& record : genesis_records(identity_, Bytes16{}, clock_, ids_)) {
    v1::Envelope envelope;
    MNEMO_CHECK(envelope.ParseFromString(record.value));
    if (envelope.has_rules_activated()) {
      envelope.mutable_rules_activated()->set_work_units_per_event(work_units_per_event);
      rules_ = envelope.rules_activated();
    }
    envelope.set_recorded_at_ms(1);
    add(envelope);
  }
}

RealPartition::~RealPartition() {
  projection_.reset();
  std::filesystem::remove_all(dir_);
}

v1::Envelope RealPartition::envelope(const std::string& agent_id, TimestampMs recorded_at_ms) {
  v1::Envelope made;
  made.set_event_id(as_string(ids_.next()));
  made.set_schema_version(kSchemaVersion);
  made.set_namespace_("acme");
  made.set_agent_id(agent_id);
  made.set_recorded_at_ms(recorded_at_ms);
  return made;
}

void RealPartition::add(const v1::Envelope& envelope) { log_.push_back(make_record(envelope, 1)); }

void RealPartition::remember(const Draft& draft, const std::string& agent_id) {
  v1::Envelope made = envelope(agent_id, draft.recorded_at_ms);
  v1::Remembered& e = *made.mutable_remembered();
  e.set_memory_id(draft.id);
  e.mutable_text()->set_plain(draft.text);
  e.set_session_id(draft.session);
  e.set_speaker(draft.speaker);
  e.set_kind(draft.kind);
  e.set_class_(static_cast<v1::MemoryClass>(draft.memory_class));
  e.set_tier(static_cast<v1::Tier>(draft.tier));
  e.set_observed_at_ms(draft.observed_at_ms);
  if (draft.expires_at_ms != 0) e.set_expires_at_ms(draft.expires_at_ms);
  for (const std::string& tag : draft.tags) e.add_tags(tag);
  set_metadata(draft, *e.mutable_metadata());
  add(made);
}

void RealPartition::update(const Draft& draft, const std::string& agent_id) {
  v1::Envelope made = envelope(agent_id, draft.recorded_at_ms);
  v1::Updated& e = *made.mutable_updated();
  e.set_memory_id(draft.id);
  e.mutable_text()->set_plain(draft.text);
  e.set_speaker(draft.speaker);
  e.set_observed_at_ms(draft.observed_at_ms);
  for (const std::string& tag : draft.tags) e.mutable_tags()->add_values(tag);
  set_metadata(draft, *e.mutable_metadata()->mutable_entries());
  add(made);
}

void RealPartition::forget(const std::string& id, const std::string& agent_id) {
  v1::Envelope made = envelope(agent_id, 1);
  made.mutable_forgotten()->set_memory_id(id);
  add(made);
}

void RealPartition::forget_by_filter(const v1::Filter& filter, const std::string& agent_id) {
  v1::Envelope made = envelope(agent_id, 1);
  *made.mutable_forgotten_by_filter()->mutable_filter() = filter;
  add(made);
}

void RealPartition::tick(TimestampMs time_ms) {
  v1::Envelope made;
  made.set_event_id(as_string(ids_.next()));
  made.set_schema_version(kSchemaVersion);
  made.set_recorded_at_ms(time_ms);
  made.mutable_ticked()->set_partition(0);
  made.mutable_ticked()->set_time_ms(time_ms);
  add(made);
}

void RealPartition::activate_rules() {
  v1::Envelope made;
  made.set_event_id(as_string(ids_.next()));
  made.set_schema_version(kSchemaVersion);
  made.set_recorded_at_ms(1);
  rules_.set_rules_version(rules_.rules_version() + 1);
  *made.mutable_rules_activated() = rules_;
  add(made);
}

void RealPartition::apply(size_t batch) {
  while (applied().next_offset < log_.size()) {
    std::vector<LogRecord> piece;
    for (uint64_t offset = applied().next_offset; offset < log_.size() && piece.size() < batch; ++offset) {
      const NewRecord& record = log_[offset];
      piece.push_back({{PartitionId(0), identity_.epoch, offset}, clock_.now_ms(), record.key, record.value});
    }
    std::vector<Outcome> outcomes;
    const Status applied = projection_->apply(piece, {}, &outcomes, false);
    if (!applied) std::fprintf(stderr, "%s\n", applied.error().message.c_str());
    MNEMO_CHECK(applied.has_value());
    for (const Outcome& outcome : outcomes) {
      if (outcome.kind == Outcome::Kind::kSkipped) std::fprintf(stderr, "skipped: %s\n", outcome.message.c_str());
      MNEMO_CHECK(outcome.kind != Outcome::Kind::kSkipped);
    }
  }
}

void RealPartition::flush() { MNEMO_CHECK(projection_->flush(true).has_value()); }

void RealPartition::reopen() { MNEMO_CHECK(projection_->reopen().has_value()); }

std::unique_ptr<View> RealPartition::view() const { return projection_->view().value(); }

}  // namespace mnemo::query_test
