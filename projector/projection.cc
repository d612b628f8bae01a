#include "projector/projection.h"

#include "projector/store/record_index.h"

namespace mnemo {

Projection::Projection(const ProjectionOptions& options, std::unique_ptr<Store> store)
    : partition_(options.store.partition),
      on_commit_(options.on_commit),
      store_(std::move(store)),
      rows_(store_->rows()),
      index_(options.store.resources->tails(), partition_, load_from_records()),
      machine_(options.log, partition_, rows_, index_, options.limits) {}

Result<std::unique_ptr<Projection>> Projection::open(const ProjectionOptions& options) {
  MNEMO_ASSIGN(auto store, Store::open(options.store));
  std::unique_ptr<Projection> projection(new Projection(options, std::move(store)));
  std::string version;
  MNEMO_ASSIGN(const bool versioned, projection->rows_.get(kVersionKey, version));
  if (versioned && version != projection_version()) {
    return fail(Code::kFailedPrecondition, "the projection in " + options.store.dir.string() + " was written as " +
                                               version + ", this build writes " + projection_version() +
                                               ": replay the log into a new one");
  }
  MNEMO_TRY(projection->machine_.load());
  MNEMO_TRY(projection->find_first_outbox_row());
  projection->publish();
  projection->tell({.extent = Touched::Extent::kPartition, .agents = {}});
  return projection;
}

// So that dropping rows does not begin at the partition's very first.
Status Projection::find_first_outbox_row() {
  outbox_first_ = machine_.meta().outbox_next;
  const std::string from = keys::start(keys::Row::kOutbox);
  return rows_.scan(from, prefix_end(from), [&](std::string_view key, std::string_view /*value*/) {
    outbox_first_ = get_be64(key.data() + from.size());
    return false;
  });
}

Status Projection::apply_all(std::span<const LogRecord> records, const std::set<uint64_t>& skips,
                             std::vector<Outcome>* outcomes, size_t& done) {
  static thread_local Outcome scratch;
  clean_ = false;
  for (done = 0; done < records.size(); ++done) {
    const LogRecord& record = records[done];
    const uint64_t offset = record.position.offset;
    if (offset < machine_.meta().next_offset) continue;
    Outcome& outcome = outcomes != nullptr ? outcomes->emplace_back() : scratch;
    MNEMO_TRY(machine_.apply(record, skips.contains(offset), outcome));
  }
  return {};
}

Status Projection::apply(std::span<const LogRecord> records, const std::set<uint64_t>& skips,
                         std::vector<Outcome>* outcomes, bool announce) {
  if (outcomes != nullptr) outcomes->clear();
  if (!clean_) MNEMO_TRY(restart_batch());
  size_t done = 0;
  Status applied = apply_all(records, skips, outcomes, done);
  const bool whole = applied.has_value();
  if (whole) applied = commit(announce);
  if (applied) return {};
  if (outcomes != nullptr) outcomes->clear();
  if (whole) return applied;
  MNEMO_TRY(apply_before(records.first(done), skips, outcomes, announce));
  note_refused(applied.error());
  return applied;
}

// The overlay holds a part of the record that failed. Does the ones before it again, without it.
Status Projection::apply_before(std::span<const LogRecord> records, const std::set<uint64_t>& skips,
                                std::vector<Outcome>* outcomes, bool announce) {
  MNEMO_TRY(restart_batch());
  if (records.empty()) return {};
  size_t done = 0;
  Status applied = apply_all(records, skips, outcomes, done);
  if (applied) applied = commit(announce);
  if (!applied && outcomes != nullptr) outcomes->clear();
  return applied;
}

void Projection::note_refused(const Error& why) {
  const bool storage =
      why.code == Code::kUnavailable || why.code == Code::kDataLoss || why.code == Code::kResourceExhausted;
  const std::lock_guard lock(mutex_);
  refused_ = storage ? std::nullopt : std::optional(machine_.meta().next_offset);
}

Status Projection::commit(bool announce) {
  const Touched touched = machine_.finish_batch(announce);
  const uint64_t dropped = std::min(outbox_drop_, machine_.meta().outbox_next);
  for (uint64_t number = outbox_first_; number < dropped; ++number) {
    rows_.erase(keys::of_sequence(keys::Row::kOutbox, number));
  }
  rows_.put(kVersionKey, projection_version());
  MNEMO_TRY(store_->write(rows_));
  index_.committed(machine_.meta().next_offset);
  rows_.clear();
  clean_ = true;
  outbox_first_ = std::max(outbox_first_, dropped);
  machine_.trim();
  // What was kept from before the batch must be known as old by the time anyone can ask for the batch's position.
  tell(touched);
  publish();
  return {};
}

Status Projection::restart_batch() {
  rows_.clear();
  MNEMO_TRY(machine_.load());
  clean_ = true;
  return {};
}

Status Projection::reopen() {
  clean_ = false;
  rows_.clear();
  tell({.extent = Touched::Extent::kOpening, .agents = {}});
  MNEMO_TRY(store_->reopen());
  MNEMO_TRY(restart_batch());
  outbox_drop_ = 0;  // a batch done again may be cut otherwise, and then another row has the number
  MNEMO_TRY(find_first_outbox_row());
  publish();
  tell({.extent = Touched::Extent::kPartition, .agents = {}});
  return {};
}

void Projection::tell(const Touched& touched) const {
  if (on_commit_) on_commit_(partition_, touched);
}

void Projection::publish() {
  {
    const std::lock_guard lock(mutex_);
    applied_ = machine_.meta();
    if (points_ != machine_.points()) points_ = machine_.points();
    if (rules_->version != machine_.rules().version) rules_ = std::make_shared<const Rules>(machine_.rules());
    refused_.reset();
  }
  changed_.notify_all();
}

void Projection::drop_outbox_below(uint64_t number) { outbox_drop_ = std::max(outbox_drop_, number); }

Meta Projection::applied() const {
  const std::lock_guard lock(mutex_);
  return applied_;
}

std::vector<DigestPoint> Projection::points() const {
  const std::lock_guard lock(mutex_);
  return points_;
}

std::shared_ptr<const Rules> Projection::rules() const {
  const std::lock_guard lock(mutex_);
  return rules_;
}

Status Projection::wait(uint64_t offset, Deadline deadline) const {
  std::unique_lock lock(mutex_);
  const auto reached = [&] { return applied_.next_offset >= offset; };
  const bool in_time = changed_.wait_until(lock, deadline, [&] { return reached() || halted_.has_value(); });
  if (reached()) return {};
  if (halted_) return fail(*halted_);
  MNEMO_CHECK(!in_time);
  return fail(Code::kDeadlineExceeded,
              "applied up to offset " + std::to_string(applied_.next_offset) + " of partition " +
                  std::to_string(partition_.value) + " when the deadline came, " + std::to_string(offset) +
                  " was asked for",
              true);
}

Status Projection::wait_settled(Deadline deadline) const {
  std::unique_lock lock(mutex_);
  const auto settled = [this] { return applied_.settled(); };
  changed_.wait_until(lock, deadline, [&] { return settled() || halted_.has_value(); });
  if (settled()) return {};
  if (halted_) return fail(*halted_);
  return fail(Code::kDeadlineExceeded,
              "partition " + std::to_string(partition_.value) + " still has work pending: ask again", true);
}

void Projection::set_halted(std::optional<Error> why) {
  {
    const std::lock_guard lock(mutex_);
    halted_ = std::move(why);
  }
  changed_.notify_all();
}

std::optional<Error> Projection::halted() const {
  const std::lock_guard lock(mutex_);
  return halted_;
}

std::optional<uint64_t> Projection::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

}  // namespace mnemo
