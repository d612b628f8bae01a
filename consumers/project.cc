#include "consumers/project.h"

#include <algorithm>

namespace mnemo {

ProjectRole::ProjectRole(Projection& projection, ProjectOptions options)
    : projection_(projection), options_(std::move(options)), outbox_sent_(projection.outbox_first()) {
  if (options_.flush_budget == nullptr) return;
  const Result<Meta> durable = projection_.durable();
  const uint64_t applied = projection_.applied().next_offset;
  // One that cannot be read is taken for the worst.
  count_unflushed(applied - (durable ? std::min(durable->next_offset, applied) : 0));
}

ProjectRole::~ProjectRole() {
  if (options_.flush_budget != nullptr) options_.flush_budget->take(unflushed_);
}

Status ProjectRole::handle(std::span<const LogRecord> records) {
  const bool told = options_.outcomes != nullptr && options_.outcomes->any_expected();
  const bool announced = static_cast<bool>(options_.announce);
  const uint64_t before = projection_.applied().next_offset;
  const Status applied = projection_.apply(records, options_.skips, told ? &scratch_ : nullptr, announced);
  if (told) {
    for (Outcome& outcome : scratch_) options_.outcomes->deliver(std::move(outcome));
  }
  if (options_.waiters != nullptr) options_.waiters->published();
  count_unflushed(projection_.applied().next_offset - before);
  // What came before a record that halts the partition has been committed, and is announced like anything else.
  MNEMO_TRY(drain_outbox());
  MNEMO_TRY(applied);
  return flush_if_due();
}

Status ProjectRole::idle() {
  if (std::optional<Error> why = projection_.failure()) return fail(std::move(*why));
  MNEMO_TRY(drain_outbox());
  if (options_.ticker != nullptr) MNEMO_TRY(options_.ticker->tick_if_due(projection_));
  return flush_if_due();
}

void ProjectRole::count_unflushed(uint64_t events) {
  if (options_.flush_budget == nullptr || events == 0) return;
  if (unflushed_ == 0) oldest_unflushed_ = std::chrono::steady_clock::now();
  unflushed_ += events;
  options_.flush_budget->add(events);
}

Result<bool> ProjectRole::catching_up() const {
  if (options_.log == nullptr) return false;
  MNEMO_ASSIGN(const uint64_t end, options_.log->end(projection_.partition()));
  return end - std::min(end, projection_.applied().next_offset) > FlushBudget::kEventsMax;
}

// During catch-up the memtables decide; behind it, age and number do.
Status ProjectRole::flush_if_due() {
  if (options_.flush_budget == nullptr || unflushed_ == 0) return {};
  bool due = std::chrono::steady_clock::now() - oldest_unflushed_ >= FlushBudget::kAgeMax;
  if (!due && options_.flush_budget->exhausted()) {
    MNEMO_ASSIGN(const bool behind, catching_up());
    due = !behind;
  }
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
    const Status sent = options_.announce(projection_.partition(), outbox_sent_, batch);
    if (sent) continue;
    const bool later = sent.error().code == Code::kResourceExhausted || sent.error().code == Code::kUnavailable;
    if (!later) return sent;
    break;
  }
  projection_.drop_outbox_below(outbox_sent_);
  return {};
}

}  // namespace mnemo
