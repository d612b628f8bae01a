// A real partition in a directory of its own: state machine, store and index, fed with events as a log would feed them.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "events/genesis.h"
#include "projector/projection.h"
#include "tests/query/drafts.h"

namespace mnemo::query_test {

class RealPartition {
 public:
  // `work_units_per_event`: how fast pending work gets done; 1 leaves the most of it to be read around.
  explicit RealPartition(uint32_t work_units_per_event) : RealPartition(work_units_per_event, {}, false) {}
  // `loses_unflushed`: closing its database loses what was not flushed, as a crash does.
  RealPartition(uint32_t work_units_per_event, CommitListener on_commit, bool loses_unflushed);
  ~RealPartition();

  void remember(const Draft& draft, const std::string& agent_id);
  void update(const Draft& draft, const std::string& agent_id);
  void forget(const std::string& id, const std::string& agent_id);
  void forget_by_filter(const v1::Filter& filter, const std::string& agent_id);
  void tick(TimestampMs time_ms);
  // The same rules again, as the next version.
  void activate_rules();

  // Applies what has been added and is not applied, in batches of `batch`.
  void apply(size_t batch);
  void flush();
  // Falls back to what was flushed; apply() does the rest again. No view may be held.
  void reopen();

  PartitionId partition() const { return projection_->partition(); }
  std::unique_ptr<View> view() const;
  Meta applied() const { return projection_->applied(); }

 private:
  v1::Envelope envelope(const std::string& agent_id, TimestampMs recorded_at_ms);
  void add(const v1::Envelope& envelope);

  LogIdentity identity_;
  ManualClock clock_{1'800'000'000'000};
  UuidGenerator ids_{clock_, 1};
  std::filesystem::path dir_;
  StoreResources resources_{64 << 20};
  std::unique_ptr<Projection> projection_;
  v1::RulesActivated rules_;
  std::vector<NewRecord> log_;
};

}  // namespace mnemo::query_test
