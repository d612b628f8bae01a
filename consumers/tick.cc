#include "consumers/tick.h"

#include "events/envelope.h"
#include "projector/store/keys.h"

namespace mnemo {

Result<bool> Ticker::is_due(Projection& projection) const {
  const Meta meta = projection.applied();
  if (meta.epoch == 0) return false;
  if (!meta.idle()) return true;
  bool due = false;
  const TimestampMs now_ms = clock_.now_ms();
  const std::string from = keys::start(keys::Row::kExpiry);
  MNEMO_TRY(projection.store().rows().scan(from, prefix_end(from), [&](std::string_view key, std::string_view) {
    due = keys::expiry_time(key) <= now_ms;
    return false;
  }));
  return due;
}

Status Ticker::tick_if_due(Projection& projection) {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < kEvery) return {};
  last_ = now;
  MNEMO_ASSIGN(const bool due, is_due(projection));
  if (!due) return {};
  v1::Envelope envelope;
  const Bytes16 id = ids_.next();
  envelope.set_event_id(std::string(id.begin(), id.end()));
  envelope.set_schema_version(kSchemaVersion);
  envelope.mutable_ticked()->set_partition(projection.partition().value);
  envelope.mutable_ticked()->set_time_ms(clock_.now_ms());
  const Status queued = log_.append({{projection.partition(), std::string(kControlKey), envelope.SerializeAsString()}},
                                    [](Result<std::vector<Appended>> /*done*/) {});
  // A log that is full or closing gets its tick another time.
  const bool later =
      !queued && (queued.error().code == Code::kResourceExhausted || queued.error().code == Code::kUnavailable);
  return later ? Status{} : queued;
}

}  // namespace mnemo
