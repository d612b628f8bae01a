#include "bench/log_filler.h"

#include <deque>
#include <fstream>
#include <future>

#include "bench/measure.h"
#include "events/clock.h"
#include "events/envelope.h"
#include "events/genesis.h"
#include "events/uuid.h"

namespace mnemo::bench {
namespace {

constexpr size_t kBatch = 1000;
constexpr size_t kUnderWay = 16;

void complete(v1::Envelope& envelope, const FingerprintKey& key, const Clock& clock, UuidGenerator& ids) {
  const Bytes16 id = ids.next();
  envelope.set_event_id(std::string(id.begin(), id.end()));
  envelope.set_recorded_at_ms(clock.now_ms());
  const Bytes16 fingerprint = key.fingerprint(envelope);
  envelope.set_fingerprint(std::string(fingerprint.begin(), fingerprint.end()));
}

}  // namespace

FingerprintKey bench_key() { return must(FingerprintKey::from_bytes(std::string(32, 'k'))); }

void append_genesis(Log& log, const FingerprintKey& key) {
  SystemClock clock;
  UuidGenerator ids(clock);
  must(append_and_wait(log, genesis_records(log.identity(), key.check_value(), clock, ids)));
}

double fill_log(Log& log, const FingerprintKey& key, Workload& workload, uint64_t events, const std::string& texts) {
  SystemClock clock;
  UuidGenerator ids(clock);
  std::ofstream file;
  if (!texts.empty()) file.open(texts);
  const auto start = SteadyClock::now();
  std::deque<std::future<Status>> under_way;
  for (uint64_t done = 0; done < events;) {
    std::vector<NewRecord> batch;
    for (; batch.size() < kBatch && done < events; ++done) {
      v1::Envelope envelope = workload.next();
      complete(envelope, key, clock, ids);
      if (file.is_open()) file << envelope.agent_id() << '\t' << envelope.remembered().text().plain() << '\n';
      batch.push_back(make_record(envelope, log.identity().partitions));
    }
    auto promise = std::make_shared<std::promise<Status>>();
    under_way.push_back(promise->get_future());
    must(log.append(std::move(batch), [promise](const Result<std::vector<Appended>>& appended) {
      promise->set_value(appended ? Status{} : fail(appended.error()));
    }));
    if (under_way.size() < kUnderWay) continue;
    must(under_way.front().get());
    under_way.pop_front();
  }
  for (auto& future : under_way) must(future.get());
  return seconds_since(start);
}

}  // namespace mnemo::bench
