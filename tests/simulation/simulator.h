// File: tests/simulation/simulator.h
// One seed: a log with faults, producers, a process that follows and crashes, and a model that knows better.
//
// One thread and one random generator decide everything, so a seed repeats its run exactly.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "events/log_memory.h"
#include "tests/simulation/generator.h"
#include "tests/simulation/live.h"
#include "tests/simulation/machine.h"

namespace mnemo::simulation {

struct Tally {
  uint64_t seeds = 0;
  uint64_t operations = 0;
  uint64_t records = 0;
  uint64_t crashes = 0;  // of the process
  uint64_t log_crashes = 0;
  uint64_t rebuilds = 0;  // that took over
  uint64_t replays = 0;   // from zero, beside the live state
};

class Simulator {
 public:
  Simulator(uint64_t seed, Tally& tally);
  // Runs the seed to its end. An error is the first difference found.
  Status run();

 private:
  struct Append {
    std::vector<NewRecord> records;
    std::vector<Appended> acked;  // empty until the log said that they are durable
    bool synced = false;
    bool lost = false;  // its answer never came
  };
  struct Live {
    std::unique_ptr<LiveRole> role;
    std::unique_ptr<Follower> follower;
  };

  Status start();
  Status operate();
  Status append(std::vector<NewRecord> records);
  Status append_some();
  Status append_burst();
  Status append_oddity();
  Status append_operation_events();
  Status retry_lost();
  void sync();
  Status crash_log();
  Status crash_process();
  Status start_process(const std::string& dir);
  Status step(uint32_t partition, size_t batch);
  Status step_or_crash(uint32_t partition);
  Status open_follower(uint32_t partition, size_t batch);
  Status flush();
  Status read();
  Status rebuild();
  // Applies all that is durable; skips what halts.
  Status catch_up();
  Status settle();
  Status finish();
  Status check_all();
  Status check_acks();
  Status count_retries();
  Status compare_replays();
  Status compare_replay(uint32_t partition, size_t batch, Process& replica);
  Status compare_answers(Process& replica);
  uint32_t some_partition() { return static_cast<uint32_t>(random_.below(temper_.partitions)); }

  Tally& tally_;
  Random random_;
  Temper temper_;
  ManualClock clock_;
  MemoryLog log_;
  Generator generator_;
  std::vector<Append> appends_;
  size_t synced_appends_ = 0;
  uint64_t unsynced_records_ = 0;
  std::set<std::string> retried_;  // values of records appended again, since their answer never came

  Disk disk_;
  std::unique_ptr<Process> process_;
  std::vector<Live> live_;  // by partition; must go before the process
  std::vector<std::unique_ptr<Ledger>> ledgers_;
  std::vector<std::unique_ptr<Announcements>> announcements_;
  std::vector<std::set<uint64_t>> skipping_;  // offsets whose SkipRecorded is on its way, by partition
  uint64_t generation_ = 0;                   // of the state directory
  bool cold_ = false;                         // since the last read
};

}  // namespace mnemo::simulation
