#include "consumers/node.h"

#include <fmt/format.h>

#include <future>

#include "consumers/handshake.h"
#include "events/envelope.h"
#include "events/genesis.h"
#include "events/limits.h"

namespace mnemo {
namespace {

constexpr int kIdleMs = 20;        // between two looks at ticks and flushes when nothing comes
constexpr int kHaltRetryMs = 500;  // a halted partition tries again: the cause may be gone, or a skip recorded

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
  if (!closed) fmt::print(stderr, "mnemo: while closing: {}\n", closed.error().message);
}

Result<std::unique_ptr<Node>> Node::open(Log& log, const FingerprintKey& key, const Clock& clock,
                                         const std::filesystem::path& state_dir, const NodeOptions& options) {
  std::unique_ptr<Node> node(new Node(log, key, clock, options));
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
  options.log = log_.identity();
  auto opened = std::make_unique<Partition>();
  MNEMO_ASSIGN(opened->projection, Projection::open(options));
  MNEMO_TRY(check_continues(log_, partition, opened->projection->applied(), key_.check_value()));
  opened->ticker = std::make_unique<Ticker>(log_, clock_, ids_);
  partitions_.push_back(std::move(opened));
  return {};
}

Status Node::follow_once(Partition& partition, const std::stop_token& stop) {
  Projection& projection = *partition.projection;
  const uint64_t from = projection.applied().next_offset;
  MNEMO_ASSIGN(const uint64_t end, log_.end(projection.partition()));
  ProjectOptions options;
  options.outcomes = &outcomes_;
  options.flush_budget = &flush_budget_;
  options.announce = options_.announce;
  options.ticker = options_.ticks ? partition.ticker.get() : nullptr;
  MNEMO_ASSIGN(options.skips, find_skips(log_, projection.partition(), from, end));
  partition.role = std::make_unique<ProjectRole>(projection, std::move(options));
  MNEMO_ASSIGN(const auto follower,
               Follower::open(log_, projection.partition(), from, *partition.role, options_.batch));
  projection.set_halted(std::nullopt);
  return follower->run(stop, kIdleMs);
}

void Node::follow(Partition& partition, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Status ran = follow_once(partition, stop);
    if (ran) return;
    partition.projection->set_halted(ran.error());
    for (int waited = 0; waited < kHaltRetryMs && !stop.stop_requested(); waited += kIdleMs) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kIdleMs));
    }
  }
}

PartitionId Node::partition_for(std::string_view name_space, std::string_view agent_id) const {
  return partition_of(message_key(name_space, agent_id), partitions());
}

Status Node::prepare(v1::Envelope& envelope) {
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
  const Rules rules = projection(partition).rules();
  if (!rules.active(kind)) {
    return fail(Code::kUnimplemented, fmt::format("events of kind {} are not active on this log", kind_name(kind)));
  }
  if (!kind_supported(kind)) {
    return fail(Code::kUnimplemented, fmt::format("this build cannot apply events of kind {}, which are active on "
                                                  "this log: upgrade mnemo",
                                                  kind_name(kind)));
  }
  MNEMO_TRY(validate(envelope, rules));
  const size_t bytes = envelope.ByteSizeLong();
  if (bytes <= limits::kEventBytesMax) return {};
  return fail(Code::kInvalidArgument, fmt::format("the event is {} bytes, the limit is {}: split or shorten it", bytes,
                                                  limits::kEventBytesMax));
}

Status Node::write_all(std::vector<v1::Envelope> envelopes, WriteDone done) {
  std::vector<NewRecord> records;
  std::vector<Bytes16> ids;
  records.reserve(envelopes.size());
  for (v1::Envelope& envelope : envelopes) {
    MNEMO_TRY(prepare(envelope));
    records.push_back(make_record(envelope, partitions()));
    ids.push_back(bytes16(envelope.event_id()).value());
  }
  // An outcome needs both the position (from the append) and the decision (from the projection), in either order.
  struct Waiting {
    std::mutex mutex;
    std::vector<Written> written;
    std::vector<uint8_t> halves;
    WriteDone done;
    void half(size_t i) {
      std::unique_lock lock(mutex);
      if (++halves[i] < 2) return;
      lock.unlock();
      done(i, written[i]);
    }
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->written.resize(ids.size());
  waiting->halves.resize(ids.size());
  waiting->done = std::move(done);
  for (size_t i = 0; i < ids.size(); ++i) {
    outcomes_.expect(ids[i], [waiting, i](const Outcome& outcome) {
      waiting->written[i].outcome = outcome;
      waiting->half(i);
    });
  }
  const auto drop_all = [this, ids] {
    for (const Bytes16& id : ids) outcomes_.drop(id);
  };
  const Status queued = log_.append(std::move(records), [waiting, drop_all](Result<std::vector<Appended>> appended) {
    if (!appended) {
      drop_all();
      for (size_t i = 0; i < waiting->written.size(); ++i) waiting->done(i, fail(appended.error()));
      return;
    }
    for (size_t i = 0; i < appended->size(); ++i) {
      waiting->written[i].position = (*appended)[i].position;
      waiting->half(i);
    }
  });
  if (!queued) drop_all();
  return queued;
}

Result<Written> Node::write(v1::Envelope envelope, Deadline deadline) {
  auto promise = std::make_shared<std::promise<Result<Written>>>();
  auto written = promise->get_future();
  std::vector<v1::Envelope> one;
  one.push_back(std::move(envelope));
  MNEMO_TRY(write_all(std::move(one),
                      [promise](size_t /*number*/, Result<Written> result) { promise->set_value(std::move(result)); }));
  if (written.wait_until(deadline) == std::future_status::ready) return written.get();
  return fail(Code::kDeadlineExceeded,
              "the write was not applied in time; it may be durable: ask again with the same key", true);
}

Status Node::wait_applied(Deadline deadline) {
  for (const auto& partition : partitions_) {
    MNEMO_ASSIGN(const uint64_t end, log_.end(partition->projection->partition()));
    MNEMO_TRY(partition->projection->wait(end, deadline));
  }
  return {};
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
