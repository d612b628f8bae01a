#include "consumers/project.h"

namespace mnemo {

ProjectRole::ProjectRole(Projection& projection, ProjectOptions options)
    : projection_(projection), options_(std::move(options)) {}

Status ProjectRole::handle(std::span<const LogRecord> records) {
  const bool told = options_.outcomes != nullptr && options_.outcomes->any_expected();
  const bool announced = static_cast<bool>(options_.announce);
  const Status applied = projection_.apply(records, options_.skips, told ? &scratch_ : nullptr, announced);
  if (told) {
    for (const Outcome& outcome : scratch_) options_.outcomes->deliver(outcome);
  }
  // What came before a record that halts the partition has been committed, and is announced like anything else.
  MNEMO_TRY(drain_outbox());
  MNEMO_TRY(applied);
  if (unflushed_ == 0) oldest_unflushed_ = std::chrono::steady_clock::now();
  unflushed_ += records.size();
  if (options_.flush_budget != nullptr) options_.flush_budget->add(records.size());
  return flush_if_due(false);
}

Status ProjectRole::idle() {
  MNEMO_TRY(drain_outbox());
  if (options_.ticker != nullptr) MNEMO_TRY(options_.ticker->tick_if_due(projection_));
  return flush_if_due(true);
}

// During catch-up the memtables decide; at the log's end, age and number do.
Status ProjectRole::flush_if_due(bool at_end) {
  if (options_.flush_budget == nullptr || unflushed_ == 0) return {};
  const bool old = std::chrono::steady_clock::now() - oldest_unflushed_ >= FlushBudget::kAgeMax;
  const bool due = old || (at_end && options_.flush_budget->exhausted());
  if (!due) return {};
  MNEMO_TRY(projection_.flush(false));
  options_.flush_budget->take(unflushed_);
  unflushed_ = 0;
  return {};
}

Status ProjectRole::drain_outbox() {
  if (!options_.announce) return {};
  const uint64_t next = projection_.applied().outbox_next;
  for (; outbox_sent_ < next; ++outbox_sent_) {
    std::string row;
    MNEMO_ASSIGN(const bool found,
                 projection_.store().rows().get(keys::of_sequence(keys::Row::kOutbox, outbox_sent_), row));
    if (!found) continue;  // sent before a restart
    OutboxBatch batch;
    MNEMO_TRY(decode_outbox(row, batch));
    MNEMO_TRY(options_.announce(projection_.partition(), outbox_sent_, batch));
  }
  projection_.drop_outbox_below(outbox_sent_);
  return {};
}

}  // namespace mnemo
