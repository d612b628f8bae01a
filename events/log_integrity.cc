#include "events/log_integrity.h"

#include <fmt/format.h>

#include <algorithm>

#include "events/coding.h"
#include "events/log_rocksdb.h"
#include "events/log_rows.h"

namespace mnemo {
namespace {

constexpr const char* kRunsProperty = "mnemo.log.runs";

std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

class OffsetRunsCollector final : public rocksdb::TablePropertiesCollector {
 public:
  rocksdb::Status AddUserKey(const rocksdb::Slice& key, const rocksdb::Slice& /*value*/, rocksdb::EntryType type,
                             rocksdb::SequenceNumber /*seq*/, uint64_t /*file_size*/) override {
    const auto at = parse_row_key(view(key));
    if (!at || type != rocksdb::kEntryPut) return rocksdb::Status::Corruption("not a row of a log");
    runs_.add(at->partition, at->offset);
    return rocksdb::Status::OK();
  }
  rocksdb::Status Finish(rocksdb::UserCollectedProperties* properties) override {
    (*properties)[kRunsProperty] = runs_.encode();
    return rocksdb::Status::OK();
  }
  rocksdb::UserCollectedProperties GetReadableProperties() const override {
    return {{kRunsProperty, fmt::format("{} runs", runs_.runs().size())}};
  }
  const char* Name() const override { return "mnemo.log.OffsetRunsCollector"; }

 private:
  OffsetRuns runs_;
};

class OffsetRunsCollectorFactory final : public rocksdb::TablePropertiesCollectorFactory {
 public:
  rocksdb::TablePropertiesCollector* CreateTablePropertiesCollector(Context /*context*/) override {
    return new OffsetRunsCollector;  // RocksDB takes ownership
  }
  const char* Name() const override { return "mnemo.log.OffsetRunsCollectorFactory"; }
};

Status add_tables(rocksdb::DB& db, OffsetRuns& all) {
  rocksdb::TablePropertiesCollection tables;
  if (const rocksdb::Status status = db.GetPropertiesOfAllTables(&tables); !status.ok()) {
    return fail(database_error(status, db.GetName()));
  }
  for (const auto& [file, properties] : tables) {
    const auto found = properties->user_collected_properties.find(kRunsProperty);
    if (found == properties->user_collected_properties.end()) {
      return fail(Code::kDataLoss, file + ": does not say which records it holds");
    }
    const auto runs = OffsetRuns::decode(found->second);
    if (!runs) return fail(Code::kDataLoss, file + ": " + runs.error().message);
    for (const auto& run : runs->runs()) all.add(run);
  }
  return {};
}

Status add_memory(rocksdb::DB& db, OffsetRuns& all) {
  rocksdb::ReadOptions options;
  options.read_tier = rocksdb::kMemtableTier;
  const std::unique_ptr<rocksdb::Iterator> rows(db.NewIterator(options));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    const auto at = parse_row_key(view(rows->key()));
    if (!at) return fail(Code::kDataLoss, db.GetName() + ": the write-ahead log holds a row that is not a log's");
    all.add(at->partition, at->offset);
  }
  if (!rows->status().ok()) return fail(database_error(rows->status(), db.GetName()));
  return {};
}

}  // namespace

void OffsetRuns::add(const Run& run) {
  if (!runs_.empty() && runs_.back().partition == run.partition &&
      runs_.back().first + runs_.back().count == run.first) {
    runs_.back().count += run.count;
  } else {
    runs_.push_back(run);
  }
}

std::string OffsetRuns::encode() const {
  std::string out;
  for (const Run& run : runs_) {
    put_varint(out, run.partition.value);
    put_varint(out, run.first);
    put_varint(out, run.count);
  }
  return out;
}

Result<OffsetRuns> OffsetRuns::decode(std::string_view bytes) {
  OffsetRuns out;
  Decoder decoder(bytes);
  while (decoder.ok() && !decoder.at_end()) {
    const uint64_t partition = decoder.varint();
    const uint64_t first = decoder.varint();
    const uint64_t count = decoder.varint();
    out.runs_.push_back({PartitionId{static_cast<uint32_t>(partition)}, first, count});
  }
  if (!decoder.ok()) return fail(Code::kDataLoss, "its list of records is damaged");
  return out;
}

Result<std::vector<uint64_t>> OffsetRuns::contiguous_ends(uint32_t partitions) const {
  std::vector<Run> sorted = runs_;
  std::sort(sorted.begin(), sorted.end());
  std::vector<uint64_t> ends(partitions, 0);
  for (const Run& run : sorted) {
    if (run.partition == kLogMetaPartition) continue;
    if (run.partition.value >= partitions) {
      return fail(Code::kDataLoss, fmt::format("there are records of partition {}, and the log has {} partitions",
                                               run.partition.value, partitions));
    }
    uint64_t& end = ends[run.partition.value];
    if (run.first > end) {
      return fail(Code::kDataLoss, fmt::format("partition {}: the records from offset {} to {} are missing",
                                               run.partition.value, end, run.first - 1));
    }
    end = std::max(end, run.first + run.count);
  }
  return ends;
}

std::shared_ptr<rocksdb::TablePropertiesCollectorFactory> new_offset_runs_collector_factory() {
  return std::make_shared<OffsetRunsCollectorFactory>();
}

Result<OffsetRuns> offset_runs_of(rocksdb::DB& db) {
  OffsetRuns all;
  MNEMO_TRY(add_tables(db, all));
  MNEMO_TRY(add_memory(db, all));
  return all;
}

}  // namespace mnemo
