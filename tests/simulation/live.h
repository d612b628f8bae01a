// File: tests/simulation/live.h
// A partition that follows the log: the real Follower, driven a step at a time, over the real ProjectRole, or over a
// role that does the same and tells every outcome.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "consumers/follower.h"
#include "consumers/project.h"
#include "tests/simulation/ledger.h"

namespace mnemo::simulation {

// What was announced, over all incarnations of a partition's process, as a receiver takes it that drops the ids it
// knows.
class Announcements {
 public:
  // An id that comes again must mean the same.
  Status note(const OutboxBatch& batch);
  // Everything that had to be announced was.
  Status check(const Model& model, const std::map<std::string, uint64_t>& last_change) const;

 private:
  using Id = std::tuple<uint32_t, uint64_t, uint32_t>;  // epoch, offset, n
  // True when the id is new.
  Result<bool> take(const Id& id, const std::string& meaning);

  std::map<Id, std::string> known_;
  std::map<std::string, uint64_t> stale_up_to_;  // by message key: the greatest offset announced
  std::map<uint64_t, SkipReason> dead_letters_;  // by offset
};

class LiveRole final : public Role {
 public:
  // `tells`: apply directly and tell the ledger every outcome; else through a ProjectRole, which tells those that
  // someone waits for. Everything must outlive the role.
  LiveRole(Projection& projection, Ledger& ledger, Announcements& announcements, std::set<uint64_t> skips, bool tells);

  Status handle(std::span<const LogRecord> records) override;
  Status idle() override;

 private:
  Status apply_and_tell(std::span<const LogRecord> records, std::vector<const Outcome*>& told);
  Status apply_through_role(std::span<const LogRecord> records, std::vector<const Outcome*>& told);
  void count_probes(std::span<const LogRecord> records) const;

  Projection& projection_;
  Ledger& ledger_;
  Announcements& announcements_;
  std::set<uint64_t> skips_;
  bool tells_;
  Outcomes waiting_;
  std::unique_ptr<ProjectRole> role_;
  std::vector<Outcome> outcomes_;
  std::map<size_t, Outcome> delivered_;  // by place in the batch
};

}  // namespace mnemo::simulation
