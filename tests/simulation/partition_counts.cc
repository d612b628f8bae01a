#include "tests/simulation/partition_counts.h"

#include <algorithm>

#include "events/coding.h"
#include "tests/simulation/check.h"
#include "tests/simulation/probes.h"

namespace mnemo::simulation {
namespace {

constexpr int64_t kDayMs = 86'400'000;

std::string numbered_id(uint64_t number) {
  std::string id(8, 't');
  put_be64(id, number);
  return id;
}

}  // namespace

MemoryLogOptions Rerun::options(uint32_t partitions, const Clock& clock) {
  MemoryLogOptions options;
  options.partitions = partitions;
  options.log_id.fill(0x52);
  options.clock = &clock;
  return options;
}

Rerun::Rerun(const std::vector<v1::Envelope>& events, uint32_t partitions)
    : clock_(events.front().recorded_at_ms()), log_(options(partitions, clock_)) {
  const auto append = [this](const v1::Envelope& envelope) {
    MNEMO_CHECK(log_.append({make_record(envelope, log_.identity().partitions)}, [](auto) {}));
  };
  for (v1::Envelope envelope : events) {
    clock_.set_ms(envelope.recorded_at_ms());
    if (!is_control(kind_of(envelope))) {
      append(envelope);
      continue;
    }
    if (envelope.has_epoch_started()) {
      const Bytes16& id = log_.identity().log_id;
      envelope.mutable_epoch_started()->set_log_id(std::string(id.begin(), id.end()));
      envelope.mutable_epoch_started()->set_partitions(partitions);
    }
    const auto operation = operation_of(envelope);
    for (uint32_t p = 0; p < partitions; ++p) {
      if (operation && operation_home(*operation, partitions) != PartitionId(p)) continue;
      set_control_partition(envelope, PartitionId(p));
      append(envelope);
    }
  }
  clock_.advance_ms(kDayMs);
}

Status Rerun::settle() {
  Disk disk;
  MNEMO_ASSIGN(auto process, Process::start(disk, log_.identity(), "/settle", 16 << 20));
  for (int round = 0; round < 10000; ++round) {
    MNEMO_TRY(project(disk, process, 1000, 0));
    bool settled = true;
    for (uint32_t p = 0; p < process->partitions(); ++p) {
      // At least one tick for each, so that all come to the same time.
      if (round > 0 && process->projection(p).applied().settled()) continue;
      settled = false;
      v1::Envelope envelope;
      envelope.set_event_id(numbered_id(++ticks_));
      envelope.set_schema_version(kSchemaVersion);
      envelope.mutable_ticked()->set_partition(p);
      envelope.mutable_ticked()->set_time_ms(clock_.now_ms());
      for (int i = 0; i < 50; ++i) MNEMO_TRY(log_.append({make_record(envelope, process->partitions())}, [](auto) {}));
    }
    if (settled) return {};
  }
  return differs("a rerun never settled");
}

Status Rerun::project(Disk& disk, std::unique_ptr<Process>& process, size_t batch, uint64_t crash_every) {
  for (uint32_t p = 0; p < process->partitions(); ++p) {
    MNEMO_ASSIGN(const uint64_t end, log_.end(PartitionId(p)));
    Replay options;
    options.batch = [batch] { return batch; };
    int crashes = 0;
    for (uint64_t to = crash_every; crash_every > 0 && to < end; to += crash_every) {
      options.to = to;
      MNEMO_TRY(replay(log_, process->projection(p), options));
      if (++crashes % 2 == 0) MNEMO_TRY(process->flush_all());
      const std::string dir = process->dir();
      process.reset();
      MNEMO_ASSIGN(process, Process::start(disk, log_.identity(), dir, 16 << 20));
    }
    options.to = UINT64_MAX;
    MNEMO_TRY(replay(log_, process->projection(p), options));
    if (crash_every > 0) MNEMO_TRY(process->flush_all());
  }
  return {};
}

Result<Digests> Rerun::project(size_t batch, uint64_t crash_every) {
  Disk disk;
  MNEMO_ASSIGN(auto process, Process::start(disk, log_.identity(), "/rerun", 16 << 20));
  MNEMO_TRY(project(disk, process, batch, crash_every));
  Digests sums;
  for (uint32_t p = 0; p < process->partitions(); ++p) {
    const Meta meta = process->projection(p).applied();
    sums.state += meta.state;
    sums.content += meta.content;
    MNEMO_ASSIGN(const auto view, process->projection(p).view());
    MNEMO_TRY(check_digests(*view));
  }
  return sums;
}

Result<std::vector<v1::Envelope>> stream_of(Log& log, const std::vector<std::unique_ptr<Ledger>>& ledgers) {
  struct Item {
    TimestampMs at_ms;
    v1::Envelope envelope;
  };
  std::vector<Item> items;
  for (uint32_t p = 0; p < ledgers.size(); ++p) {
    MNEMO_ASSIGN(const auto reader, log.read(PartitionId(p), 0));
    while (reader->next_offset() < ledgers[p]->next_offset()) {
      MNEMO_ASSIGN(const auto records, reader->poll({.records = 1000, .bytes = SIZE_MAX}, Deadline{}));
      for (const LogRecord& record : records) {
        if (ledgers[p]->model().skips().contains(record.position.offset)) continue;
        Item item{record.appended_at_ms, {}};
        MNEMO_CHECK(decode(record.value, item.envelope));
        const bool control = is_control(kind_of(item.envelope));
        const bool on_every_one = control && !operation_of(item.envelope);
        if (!on_every_one || (p == 0 && !item.envelope.has_skip_recorded())) items.push_back(std::move(item));
      }
    }
  }
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.at_ms < b.at_ms; });
  std::vector<v1::Envelope> stream;
  for (Item& item : items) {
    item.envelope.set_recorded_at_ms(item.at_ms);
    stream.push_back(std::move(item.envelope));
  }
  return stream;
}

Status compare_partition_counts(Log& log, const std::vector<std::unique_ptr<Ledger>>& ledgers) {
  MNEMO_ASSIGN(const std::vector<v1::Envelope> stream, stream_of(log, ledgers));
  std::optional<Digest> content;
  for (const uint32_t partitions : {1U, 8U}) {
    Rerun rerun(stream, partitions);
    MNEMO_TRY(rerun.settle());
    MNEMO_ASSIGN(const Digests digests, rerun.project(200));
    if (content && *content != digests.content) {
      return differs("in ", partitions, " partitions the content is ", to_hex(digests.content), ", in one ",
                     to_hex(*content));
    }
    content = digests.content;
  }
  probe(Probe::kOtherPartitionCount);
  return {};
}

}  // namespace mnemo::simulation
