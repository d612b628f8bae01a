#include "consumers/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>

#include "consumers/handshake.h"
#include "events/activation.h"
#include "events/envelope.h"
#include "events/genesis.h"
#include "events/limits.h"
#include "events/tell_aside.h"

namespace mnemo {
namespace {

// Between two looks at ticks and flushes when nothing comes: the first is soon, as events leave work behind; when
// nothing comes for longer, each is twice as far, so that a server that nobody asks sleeps. Records end every wait.
constexpr int kIdleMs = 20;
constexpr int kIdleMsMax = 160;
constexpr int kHaltRetryMs = 500;  // a halted partition tries again: the cause may be gone, or a skip recorded

// A projection that cannot be opened keeps every agent from being answered, and is the one thing that may be deleted.
Error with_way_out(PartitionId partition, const std::filesystem::path& dir, Error error) {
  error.message = fmt::format("the projection of partition {}: {}", partition.value, error.message);
  if (error.code == Code::kDataLoss) {
    error.message += fmt::format("; that is the directory {} alone, and nothing is lost with it", dir.string());
  } else if (error.code == Code::kUnavailable) {
    error.message += fmt::format(
        "; if the disk is in order and has room, delete the directory {}: it is made again "
        "from the log, and nothing is lost with it",
        dir.string());
  }
  return error;
}

}  // namespace

Node::Node(Log& log, const FingerprintKey& key, const Clock& clock, NodeOptions options)
    : log_(log),
      key_(key),
      clock_(clock),
      options_(std::move(options)),
      ids_(clock),
      resources_(options_.memory_bytes) {}

Node::~Node() {
  const Status closed = close();
  if (!closed) tell_aside(fmt::format("mnemo: while closing: {}\n", closed.error().message));
}

Result<std::unique_ptr<Node>> Node::open(Log& log, const FingerprintKey& key, const Clock& clock,
                                         const std::filesystem::path& state_dir, const NodeOptions& options) {
  std::unique_ptr<Node> node(new Node(log, key, clock, options));
  MNEMO_ASSIGN(node->emitter_, Emitter::open(log, options.emitted, options.listener));
  for (uint32_t p = 0; p < log.identity().partitions; ++p) {
    MNEMO_TRY(node->open_partition(PartitionId(p), state_dir / fmt::format("p{}", p)));
  }
  for (const auto& partition : node->partitions_) {
    partition->thread = std::jthread(
        [&node = *node, &partition = *partition](const std::stop_token& stop) { node.follow(partition, stop); });
  }
  return node;
}

Status Node::open_partition(PartitionId partition, const std::filesystem::path& dir) {
  std::error_code ignored;
  std::filesystem::create_directories(dir, ignored);  // opening tells what is wrong, if anything is
  ProjectionOptions options;
  options.store.dir = dir;
  options.store.partition = partition;
  options.store.resources = &resources_;
  options.store.env = options_.env;
  options.log = log_.identity();
  options.on_commit = options_.on_commit;
  auto opened = std::make_unique<Partition>();
  auto projection = Projection::open(options);
  if (!projection) return fail(with_way_out(partition, dir, projection.error()));
  opened->projection = std::move(*projection);
  const Meta meta = opened->projection->applied();
  const Status continues = check_continues(log_, partition, meta, key_.check_value());
  // Where the log is out of reach, what is there is answered from; the partition's thread asks until it is in reach.
  const bool out_of_reach = !continues && continues.error().code == Code::kUnavailable && meta.next_offset > 0;
  if (!continues && !out_of_reach) return fail(continues.error());
  if (out_of_reach) opened->projection->set_halted(continues.error());
  opened->waiters = std::make_unique<AppliedWaiters>(*opened->projection);
  opened->ticker = std::make_unique<Ticker>(log_, clock_, ids_);
  if (meta.next_offset == 0) {
    MNEMO_ASSIGN(const uint64_t end, log_.end(partition));
    emitter_->expect_replay(partition, end);
  }
  partitions_.push_back(std::move(opened));
  return {};
}

Result<ProjectOptions> Node::role_options(Partition& partition) {
  Projection& projection = *partition.projection;
  const PartitionId id = projection.partition();
  MNEMO_ASSIGN(const uint64_t end, log_.end(id));
  ProjectOptions options;
  options.outcomes = outcomes_.get();
  options.waiters = partition.waiters.get();
  options.flush_budget = &flush_budget_;
  options.log = &log_;
  options.announce = [this](PartitionId of, uint64_t /*number*/, const OutboxBatch& batch) {
    return emitter_->emit(of, batch);
  };
  options.ticker = options_.ticks ? partition.ticker.get() : nullptr;
  MNEMO_ASSIGN(options.skips, find_skips(log_, id, projection.applied().next_offset, end));
  return options;
}

Status Node::follow_once(Partition& partition, const std::stop_token& stop) {
  Projection& projection = *partition.projection;
  partition.role.reset();
  uint64_t had = 0;  // applied before the store failed, or about to be: until it is again, answers would go back
  if (projection.failure()) {
    MNEMO_ASSIGN(had, log_.end(projection.partition()));
    MNEMO_TRY(projection.reopen());
  }
  const Meta meta = projection.applied();
  MNEMO_TRY(check_continues(log_, projection.partition(), meta, key_.check_value()));
  MNEMO_ASSIGN(ProjectOptions options, role_options(partition));
  partition.role = std::make_unique<ProjectRole>(projection, std::move(options));
  MNEMO_ASSIGN(const auto follower,
               Follower::open(log_, projection.partition(), meta.next_offset, *partition.role, options_.batch));
  // Only a step that was made shows that the cause is gone.
  for (int idle_ms = kIdleMs; !stop.stop_requested();) {
    MNEMO_ASSIGN(const bool handled,
                 follower->step(std::chrono::steady_clock::now() + std::chrono::milliseconds(idle_ms)));
    idle_ms = handled ? kIdleMs : std::min(2 * idle_ms, kIdleMsMax);
    if (projection.halted() && projection.applied().next_offset >= had) resume(partition);
  }
  return {};
}

void Node::halt(Partition& partition, const Error& why) {
  partition.projection->set_halted(why);
  outcomes_->halt(partition.projection->partition(), why);
  partition.waiters->published();
}

void Node::resume(Partition& partition) {
  outcomes_->resume(partition.projection->partition());
  partition.projection->set_halted(std::nullopt);
}

void Node::follow(Partition& partition, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Status ran = follow_once(partition, stop);
    if (ran) return;
    halt(partition, ran.error());
    for (int waited = 0; waited < kHaltRetryMs && !stop.stop_requested(); waited += kIdleMs) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kIdleMs));
    }
  }
}

PartitionId Node::partition_for(std::string_view name_space, std::string_view agent_id) const {
  return partition_of(message_key(name_space, agent_id), partitions());
}

Result<PreparedEvent> Node::prepare(v1::Envelope& envelope) {
  if (envelope.event_id().empty()) {
    const Bytes16 id = ids_.next();
    envelope.set_event_id(std::string(id.begin(), id.end()));
  }
  envelope.set_schema_version(kSchemaVersion);
  envelope.set_recorded_at_ms(clock_.now_ms());
  const EventKind kind = kind_of(envelope);
  if (!is_control(kind)) {
    const Bytes16 fingerprint = key_.fingerprint(envelope);
    envelope.set_fingerprint(std::string(fingerprint.begin(), fingerprint.end()));
  }
  MNEMO_ASSIGN(const PartitionId partition, mnemo::partition_for(envelope, partitions()));
  if (const std::optional<Error> why = halted(partition)) return fail(*why);
  const std::shared_ptr<const Rules> rules = projection(partition).rules();
  if (!rules->active(kind)) {
    return fail(Code::kUnimplemented, fmt::format("events of kind {} are not active on this log", kind_name(kind)));
  }
  if (!kind_supported(kind)) {
    return fail(Code::kUnimplemented, fmt::format("this build cannot apply events of kind {}, which are active on "
                                                  "this log: upgrade mnemo",
                                                  kind_name(kind)));
  }
  MNEMO_TRY(validate(envelope, *rules));
  PreparedEvent event{make_record(envelope, partitions()), bytes16(envelope.event_id()).value()};
  const size_t bytes = event.record.value.size();
  if (bytes <= limits::kEventBytesMax) return event;
  return fail(Code::kInvalidArgument, fmt::format("the event is {} bytes, the limit is {}: split or shorten it", bytes,
                                                  limits::kEventBytesMax));
}

Result<std::shared_ptr<const Writes>> Node::start_write(std::vector<PreparedEvent> events, WriteDone done) {
  std::vector<NewRecord> records;
  std::vector<Bytes16> ids;
  records.reserve(events.size());
  ids.reserve(events.size());
  for (PreparedEvent& event : events) {
    records.push_back(std::move(event.record));
    ids.push_back(event.event_id);
  }
  const auto writes = std::make_shared<Writes>(std::move(ids), std::move(done));
  for (size_t i = 0; i < records.size(); ++i) {
    outcomes_->expect(records[i].partition, writes->event_ids()[i], writes.get(),
                      [writes, i](Result<Outcome> outcome) { writes->decided(i, std::move(outcome)); });
  }
  const auto drop_all = [outcomes = outcomes_, writes] {
    for (const Bytes16& id : writes->event_ids()) outcomes->drop(id, writes.get());
  };
  const Status queued = log_.append(std::move(records), [writes, drop_all](const auto& appended) {
    if (!appended) drop_all();
    writes->appended(appended);
  });
  if (queued) return writes;
  drop_all();
  return fail(queued.error());
}

Status Node::write_all(std::vector<v1::Envelope> envelopes, WriteDone done) {
  std::vector<PreparedEvent> events;
  events.reserve(envelopes.size());
  for (v1::Envelope& envelope : envelopes) {
    MNEMO_ASSIGN(PreparedEvent event, prepare(envelope));
    events.push_back(std::move(event));
  }
  MNEMO_ASSIGN(const auto writes, start_write(std::move(events), std::move(done)));
  MNEMO_CHECK(writes != nullptr);
  return {};
}

void Node::abandon(const Writes& writes) {
  for (const Bytes16& id : writes.event_ids()) outcomes_->drop(id, &writes);
}

Result<Written> Node::write(v1::Envelope envelope, Deadline deadline) {
  auto promise = std::make_shared<std::promise<Result<Written>>>();
  auto written = promise->get_future();
  std::vector<PreparedEvent> one(1);
  MNEMO_ASSIGN(one.front(), prepare(envelope));
  MNEMO_ASSIGN(const auto writes, start_write(std::move(one), [promise](size_t /*number*/, Result<Written> result) {
                 promise->set_value(std::move(result));
               }));
  if (written.wait_until(deadline) == std::future_status::ready) return written.get();
  const std::optional<Position> position = writes->position(0);
  return fail(Code::kDeadlineExceeded,
              position
                  ? fmt::format("the write is durable at {} and was not applied in time. It will be: ask again with "
                                "the same key",
                                to_string(*position))
                  : std::string("the write was not durable in time; it may be yet: ask again with the same key"),
              true);
}

Status Node::wait_applied(PartitionId partition, Deadline deadline) {
  MNEMO_ASSIGN(const uint64_t end, log_.end(partition));
  return projection(partition).wait(end, deadline);
}

Status Node::wait_applied(Deadline deadline) {
  for (uint32_t p = 0; p < partitions(); ++p) MNEMO_TRY(wait_applied(PartitionId(p), deadline));
  return {};
}

uint64_t Node::when_applied(PartitionId partition, AppliedWaiters::Reached reached, AppliedWaiters::Done done) {
  return partitions_[partition.value]->waiters->wait(std::move(reached), std::move(done));
}

bool Node::cancel_wait(PartitionId partition, uint64_t id) { return partitions_[partition.value]->waiters->cancel(id); }

Status Node::activate_rules(Deadline deadline, std::set<PartitionId>& activated) {
  MNEMO_TRY(wait_applied(deadline));
  std::vector<Rules> in_force;
  for (uint32_t p = 0; p < partitions(); ++p) in_force.push_back(*projection(PartitionId(p)).rules());
  MNEMO_ASSIGN(const auto now, mnemo::activate_rules(log_, in_force, clock_, ids_));
  activated.insert(now.begin(), now.end());
  return now.empty() ? Status() : wait_applied(deadline);
}

Result<std::unique_ptr<View>> Node::view(PartitionId partition) const {
  return partitions_[partition.value]->projection->view();
}

Status Node::close() {
  if (std::exchange(closed_, true)) return {};
  for (const auto& partition : partitions_) partition->thread.request_stop();
  Status result;
  for (const auto& partition : partitions_) {
    if (partition->thread.joinable()) partition->thread.join();
    if (const Status flushed = partition->projection->flush(true); !flushed) result = flushed;
  }
  return result;
}

}  // namespace mnemo
