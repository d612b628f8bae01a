#include "consumers/tick.h"

#include <algorithm>
#include <mutex>

#include "events/envelope.h"
#include "projector/store/keys.h"
#include "projector/store/pending.h"

namespace mnemo {
namespace {

// Units that a pending item takes at the least.
uint64_t units_of(const PendingWork& work) {
  return work.type == PendingWork::Type::kForgetByFilter ? std::max<uint64_t>(1, work.end - work.doc) : 1;
}

Status count_pending(const RowReader& rows, uint64_t most, uint64_t& units) {
  Status decoded;
  const std::string from = keys::start(keys::Row::kPending);
  MNEMO_TRY(rows.scan(from, prefix_end(from), [&](std::string_view /*key*/, std::string_view row) {
    PendingWork work;
    decoded = decode_pending(row, work);
    if (decoded) units += units_of(work);
    return decoded && units < most;
  }));
  return decoded;
}

}  // namespace

// The ticks that were appended last.
struct Ticker::UnderWay {
  std::mutex mutex;
  bool appending = false;
  uint64_t end = 0;  // behind the last of them, once they are durable
};

Ticker::Ticker(Log& log, const Clock& clock, UuidGenerator& ids)
    : log_(log), clock_(clock), ids_(ids), under_way_(std::make_shared<UnderWay>()) {}

Result<Ticker::Work> Ticker::look(Projection& projection, const Rules& rules) const {
  Work work;
  const uint64_t most = uint64_t{kTicksMax} * rules.work_units_per_event;
  const RowReader& rows = projection.store().rows();
  MNEMO_TRY(count_pending(rows, most, work.units));
  const TimestampMs now_ms = clock_.now_ms();
  const std::string expiries = keys::start(keys::Row::kExpiry);
  MNEMO_TRY(rows.scan(expiries, prefix_end(expiries), [&](std::string_view key, std::string_view /*value*/) {
    work.next_expiry = keys::expiry_time(key);
    const bool due = *work.next_expiry <= now_ms;
    work.units += due ? 1 : 0;
    return due && work.units < most;
  }));
  const std::string index = keys::start(keys::Row::kIndexWork);
  MNEMO_TRY(rows.scan(index, prefix_end(index), [&work](std::string_view /*key*/, std::string_view /*value*/) {
    work.index = true;
    return false;
  }));
  return work;
}

Status Ticker::tick_if_due(Projection& projection) {
  const Meta meta = projection.applied();
  const std::shared_ptr<const Rules> rules = projection.rules();
  if (!rules->active(v1::EVENT_KIND_TICKED)) return {};
  {
    const std::lock_guard lock(under_way_->mutex);
    if (under_way_->appending || meta.next_offset < under_way_->end) return {};
  }
  const bool expired = next_expiry_ && *next_expiry_ <= clock_.now_ms();
  if (idle_at_ == meta.next_offset && !expired) return {};
  MNEMO_ASSIGN(const Work work, look(projection, *rules));
  const uint64_t ticks = (work.units + rules->work_units_per_event - 1) / rules->work_units_per_event;
  if (ticks > 0 || work.index) {
    idle_at_.reset();
    return append(projection.partition(), static_cast<uint32_t>(std::clamp<uint64_t>(ticks, 1, kTicksMax)));
  }
  idle_at_ = meta.next_offset;
  next_expiry_ = work.next_expiry;
  return {};
}

Status Ticker::append(PartitionId partition, uint32_t ticks) {
  v1::Envelope envelope;
  envelope.set_schema_version(kSchemaVersion);
  envelope.mutable_ticked()->set_partition(partition.value);
  envelope.mutable_ticked()->set_time_ms(clock_.now_ms());
  std::vector<NewRecord> records;
  for (uint32_t i = 0; i < ticks; ++i) {
    const Bytes16 id = ids_.next();
    envelope.set_event_id(std::string(id.begin(), id.end()));
    records.push_back({partition, std::string(kControlKey), envelope.SerializeAsString()});
  }
  {
    const std::lock_guard lock(under_way_->mutex);
    under_way_->appending = true;
  }
  const Status queued = log_.append(std::move(records), [ours = under_way_](Result<std::vector<Appended>> done) {
    const std::lock_guard lock(ours->mutex);
    ours->appending = false;
    if (done) ours->end = done->back().position.offset + 1;
  });
  if (queued) return {};
  const std::lock_guard lock(under_way_->mutex);
  under_way_->appending = false;
  // A log that is full or closing gets its ticks another time.
  const bool later = queued.error().code == Code::kResourceExhausted || queued.error().code == Code::kUnavailable;
  return later ? Status{} : queued;
}

}  // namespace mnemo
