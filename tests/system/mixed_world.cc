#include "tests/system/mixed_world.h"

#include <thread>

#include "events/envelope.h"
#include "events/rules.h"
#include "server/service/messages.h"

namespace mnemo::mixed_test {
namespace {

constexpr size_t kMemoryBytes = 256 << 20;

Deadline in_two_minutes() { return std::chrono::steady_clock::now() + std::chrono::minutes(2); }

Position position_of(const View& view) { return {view.partition(), view.meta().epoch, view.meta().next_offset}; }

}  // namespace

void Snapshots::keep(std::unique_ptr<View> view) {
  const uint64_t offset = view->meta().next_offset;
  const auto kept = std::make_shared<const Kept>(std::move(view));
  const std::lock_guard lock(mutex_);
  by_offset_.insert_or_assign(offset, kept);
  if (by_offset_.size() > kKept) by_offset_.erase(by_offset_.begin());
}

std::shared_ptr<const Snapshots::Kept> Snapshots::find(uint64_t offset) const {
  const std::lock_guard lock(mutex_);
  const auto at = by_offset_.find(offset);
  return at == by_offset_.end() ? nullptr : at->second;
}

World::World(const std::filesystem::path& dir) : dir_(dir) {
  std::filesystem::remove_all(dir_);
  DataDirOptions dir_options;
  dir_options.partitions = kPartitions;
  data_ = DataDir::open(dir_, dir_options, clock_).value();
  NodeOptions options;
  options.memory_bytes = kMemoryBytes;
  options.emitted = data_->emitted_file();
  options.on_commit = [this](PartitionId partition, const Touched& touched) { committed(partition, touched); };
  node_ = Node::open(data_->log(), data_->key(), clock_, data_->state_dir(), options).value();
  watched_ = node_.get();
  MNEMO_CHECK(node_->wait_applied(in_two_minutes()).has_value());
  for (uint32_t p = 0; p < kPartitions; ++p) snapshots_[p].keep(node_->view(PartitionId(p)).value());
  scheduler_ = std::make_unique<Scheduler>(SchedulerOptions{}, steady_);
  NodeServiceOptions service_options;
  service_options.version = "test";
  service_options.cache = cache_.get();
  service_ = std::make_unique<NodeService>(*node_, *scheduler_, engine_, steady_, std::move(service_options));
}

World::~World() {
  service_.reset();
  scheduler_.reset();
  watched_ = nullptr;
  MNEMO_CHECK(node_->close().has_value());
  snapshots_.clear();
  node_.reset();
  data_.reset();
  std::filesystem::remove_all(dir_);
}

// Of every batch: it is written, and its position not published. So whoever has an answer at a position finds the
// snapshot of it.
void World::committed(PartitionId partition, const Touched& touched) {
  if (Node* const node = watched_.load(); node != nullptr) {
    snapshots_[partition.value].keep(node->view(partition).value());
  }
  let_others_ask();
  cache_->raise(partition, touched);
  let_others_ask();
}

// So that requests meet batches half done more often than by chance: now and then some are answered before it goes on,
// unless everybody waits for it.
void World::let_others_ask() {
  constexpr uint64_t kEvery = 8;
  constexpr std::chrono::microseconds kPauseMax{500};
  if (pauses_.fetch_add(1) % kEvery != 0) return;
  const uint64_t enough = answered_.load() + 3;
  const MonotonicTime end = steady_.now() + kPauseMax;
  while (answered_.load() < enough && steady_.now() < end) std::this_thread::yield();
}

std::optional<Result<v1::RetrieveResponse>> World::uncached(const Position& position,
                                                            const RetrieveRequest& request) const {
  // An answer that was computed may be of a batch whose snapshot is only being taken.
  const Projection& projection = watched_.load()->projection(position.partition);
  MNEMO_CHECK(projection.wait(position.offset, in_two_minutes()).has_value());
  return snapshots_[position.partition.value].look_at(position.offset,
                                                      [&](const View& view) -> Result<v1::RetrieveResponse> {
                                                        MNEMO_CHECK(position_of(view) == position);
                                                        MNEMO_ASSIGN(Answer answer, engine_.retrieve(view, request));
                                                        return message_from(std::move(answer), request.explain);
                                                      });
}

void World::activate_rules(PartitionId partition, uint32_t work_units_per_event) {
  const std::lock_guard lock(rules_mutex_);
  const Bytes16 id = ids_.next();
  v1::Envelope envelope;
  envelope.set_event_id(std::string(id.begin(), id.end()));
  envelope.set_schema_version(kSchemaVersion);
  v1::RulesActivated& rules = *envelope.mutable_rules_activated();
  rules = default_rules(partition.value);
  rules.set_rules_version(++rules_versions_[partition.value]);
  rules.set_work_units_per_event(work_units_per_event);
  const auto appended = append_and_wait(data_->log(), {make_record(envelope, kPartitions)});
  MNEMO_CHECK(appended.has_value());
  MNEMO_CHECK(node_->wait_applied(partition, in_two_minutes()).has_value());
  MNEMO_CHECK(node_->projection(partition).rules()->version >= rules.rules_version());
  acknowledge(appended->front().position);
}

void World::acknowledge(const Position& position) {
  std::atomic<uint64_t>& known = acknowledged_[position.partition.value];
  uint64_t before = known.load();
  while (before < position.offset + 1 && !known.compare_exchange_weak(before, position.offset + 1)) {
  }
}

}  // namespace mnemo::mixed_test
