// File: projector/store/snapshot_view.h
// The View over a RocksDB snapshot. Internal to projector/store.
#pragma once

#include <rocksdb/db.h>

#include "projector/store/db_rows.h"
#include "projector/store/record_index.h"
#include "projector/store/tail.h"
#include "projector/store/view.h"

namespace mnemo {

class SnapshotView final : public View {
 public:
  static Result<std::unique_ptr<View>> open(std::shared_ptr<rocksdb::DB> db, PartitionId partition, TailCache& tails);

  Result<bool> get(std::string_view key, std::string& value) const override { return rows_.get(key, value); }
  Status get_all(std::span<const std::string> keys, const VisitFound& visit) const override {
    return rows_.get_all(keys, visit);
  }
  Status scan(std::string_view from, std::string_view to, const Visit& visit) const override {
    return rows_.scan(from, to, visit);
  }
  Result<bool> last(std::string_view from, std::string_view to, std::string& key, std::string& value) const override {
    return rows_.last(from, to, key, value);
  }

  const Meta& meta() const override { return meta_; }
  PartitionId partition() const override { return partition_; }
  Result<std::optional<AgentRef>> agent(std::string_view name_space, std::string_view agent_id) const override;
  Result<std::optional<MemoryRow>> memory(AgentOrd ord, std::string_view memory_key) const override;
  Status record(AgentOrd ord, uint32_t doc, std::string& holder, Record& out) const override;
  Status records(AgentOrd ord, std::span<const uint32_t> docs, const VisitRecord& visit) const override;
  Result<std::vector<PendingForget>> pending_forgets(AgentOrd ord) const override;
  Result<std::unique_ptr<AgentIndex>> index(const AgentRef& agent) const override;

 private:
  SnapshotView(std::shared_ptr<rocksdb::DB> db, PartitionId partition, TailCache& tails)
      : db_(std::move(db)),
        partition_(partition),
        tails_(tails.scope(partition)),
        snapshot_(db_.get()),
        rows_(db_.get(), snapshot_.snapshot()) {}

  std::shared_ptr<rocksdb::DB> db_;  // open as long as the view lives
  PartitionId partition_;
  TailScope tails_;  // taken before the snapshot: see tail.h
  LoadDoc load_ = load_from_records();
  rocksdb::ManagedSnapshot snapshot_;
  DbRows rows_;
  Meta meta_;
};

}  // namespace mnemo
