// File: tests/simulation/ledger.h
// What is known of one partition, record by record. Whoever applies a record again, after a crash, in a rebuild, in
// batches of another size, must come to the same outcome; and to the same digests wherever two batches end alike.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "projector/store/index.h"
#include "projector/store/meta.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/model.h"

namespace mnemo::simulation {

class Ledger {
 public:
  Ledger(const LogIdentity& log, PartitionId partition) : model_(log, partition, kLimits.operations_kept) {}

  // Some projection applied these records; `outcomes` has one for each, or nullptr where it was not told.
  Status note_batch(std::span<const LogRecord> records, const std::vector<const Outcome*>& outcomes, const Meta& after);
  // Some projection halted at this record, which the ledger has not seen applied.
  Status note_halt(const LogRecord& record);
  // SkipRecorded names these offsets.
  void set_skips(std::set<uint64_t> skips) { skips_ = std::move(skips); }

  const Model& model() const { return model_; }
  uint64_t next_offset() const { return told_.size(); }  // the first record that the model has not seen
  const Outcome* told(uint64_t offset) const { return told_[offset] ? &*told_[offset] : nullptr; }
  // The last change that an agent's answers must show, by message key: its offset.
  const std::map<std::string, uint64_t>& last_change() const { return last_change_; }
  void note_crash(uint64_t durable_offset) { crashed_at_.push_back(durable_offset); }

 private:
  Status note_record(const LogRecord& record, const Outcome* told);
  Status compare(const Outcome& told, const Expected& expected, const Position& at) const;
  Status check_meta(const Meta& meta);
  void count(const LogRecord& record, const Outcome& outcome, uint64_t batch_start);
  struct Window {
    std::string oldest;
    size_t size = 0;
  };
  Window window_of(const LogRecord& record) const;
  void count_window(const Window& before, const LogRecord& record);
  void count_pages(const LogRecord& record, bool inside_batch);
  void count_duplicate(const LogRecord& record, const Outcome& outcome, uint64_t batch_start);

  Model model_;
  std::set<uint64_t> skips_;
  std::vector<Expected> expected_;            // by offset
  std::vector<std::optional<Outcome>> told_;  // by offset
  std::map<uint64_t, Meta> metas_;            // by next offset, where a batch ended
  std::set<uint64_t> settled_at_;             // offsets at which nothing was pending
  std::map<std::string, uint64_t> last_change_;
  // For the probes.
  std::map<std::string, uint32_t> docs_;  // by message key
  std::map<Bytes16, uint64_t> acted_at_;  // offsets of accepted events by id
  std::vector<uint64_t> crashed_at_;      // where the model stood
  std::set<v1::EventKind> inactive_;      // kinds that were skipped as not active
  std::set<std::string> left_;            // keys that left a window
};

}  // namespace mnemo::simulation
