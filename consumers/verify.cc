#include "consumers/verify.h"

#include <fmt/format.h>

#include <algorithm>

#include "consumers/follower.h"
#include "consumers/project.h"
#include "consumers/verify_rows.h"
#include "projector/projection.h"

namespace mnemo {
namespace {

// The replay of one partition, in a directory that goes when this does.
struct Replay {
  std::filesystem::path dir;
  StoreResources resources;
  std::unique_ptr<Projection> projection;

  Replay(std::filesystem::path where, size_t memory_bytes) : dir(std::move(where)), resources(memory_bytes) {}
  ~Replay() {
    projection.reset();
    std::error_code ignored;
    std::filesystem::remove_all(dir, ignored);
  }
};

// Applies what the follower shows, up to the offset where the live state stands, and notes progress.
class ReplayRole final : public Role {
 public:
  ReplayRole(Projection& projection, ProjectOptions options, uint64_t to, std::function<void(uint64_t)> progress)
      : inner_(projection, std::move(options)), to_(to), progress_(std::move(progress)) {}

  Status handle(std::span<const LogRecord> records) override {
    size_t wanted = 0;
    while (wanted < records.size() && records[wanted].position.offset < to_) ++wanted;
    MNEMO_TRY(inner_.handle(records.first(wanted)));
    progress_(wanted);
    return {};
  }

 private:
  ProjectRole inner_;
  uint64_t to_;
  std::function<void(uint64_t)> progress_;
};

Status replay_log(Log& log, PartitionId partition, uint64_t to, const std::function<void(uint64_t)>& progress,
                  Replay& replay) {
  std::filesystem::remove_all(replay.dir);
  std::filesystem::create_directories(replay.dir);
  ProjectionOptions options;
  options.store.dir = replay.dir;
  options.store.partition = partition;
  options.store.resources = &replay.resources;
  options.log = log.identity();
  MNEMO_ASSIGN(replay.projection, Projection::open(options));
  MNEMO_ASSIGN(const uint64_t begin, log.begin(partition));
  MNEMO_ASSIGN(const uint64_t end, log.end(partition));
  ProjectOptions project;
  MNEMO_ASSIGN(project.skips, find_skips(log, partition, begin, end));
  ReplayRole role(*replay.projection, std::move(project), to, progress);
  MNEMO_ASSIGN(const auto follower, Follower::open(log, partition, begin, role, PollLimits{}));
  return follower->run_to(to);
}

void compare_points(const std::vector<DigestPoint>& live, const std::vector<DigestPoint>& replayed,
                    PartitionReport& report, std::vector<Finding>& findings) {
  for (const DigestPoint& ours : live) {
    const auto theirs = std::find_if(replayed.begin(), replayed.end(),
                                     [&ours](const DigestPoint& point) { return point.seq == ours.seq; });
    if (theirs == replayed.end()) continue;
    ++report.points;
    if (*theirs == ours) continue;
    findings.push_back({report.partition, "digest", fmt::format("seq {}, offset {}", ours.seq, ours.offset),
                        fmt::format("state {} content {}, the log says state {} content {}", to_hex(ours.state),
                                    to_hex(ours.content), to_hex(theirs->state), to_hex(theirs->content))});
    return;
  }
}

void compare_meta(const Meta& live, const Meta& replayed, uint32_t partition, std::vector<Finding>& findings) {
  const std::string at = fmt::format("offset {}", live.next_offset);
  if (live.state != replayed.state || live.content != replayed.content) {
    findings.push_back({partition, "digest", at,
                        fmt::format("state {} content {}, the log says state {} content {}", to_hex(live.state),
                                    to_hex(live.content), to_hex(replayed.state), to_hex(replayed.content))});
  }
  const bool counts = live.seq == replayed.seq && live.event_time_ms == replayed.event_time_ms &&
                      live.counters.memories == replayed.counters.memories;
  if (!counts) {
    findings.push_back({partition, "position", at,
                        fmt::format("seq {}, {} memories, the log says seq {}, {} memories", live.seq,
                                    live.counters.memories, replayed.seq, replayed.counters.memories)});
  }
}

Status check_partition(Log& log, const VerifyOptions& options, PartitionId partition,
                       const std::function<void(uint64_t)>& progress, VerifyReport& report) {
  PartitionReport& part = report.partitions.emplace_back();
  part.partition = partition.value;
  MNEMO_ASSIGN(part.log_end, log.end(partition));

  StoreResources live_resources(options.memory_bytes / 2);
  StoreOptions live_options;
  live_options.dir = options.state_dir / fmt::format("p{}", partition.value);
  live_options.partition = partition;
  live_options.resources = &live_resources;
  live_options.read_only = true;
  std::error_code error;
  if (!std::filesystem::exists(live_options.dir / "CURRENT", error)) {
    return fail(Code::kFailedPrecondition,
                fmt::format("there is no projection in {}: any command that reads makes it, such as `mnemo status`",
                            live_options.dir.string()));
  }
  MNEMO_ASSIGN(const auto live, Store::open(live_options));
  MNEMO_ASSIGN(const auto view, live->view());
  part.live = view->meta();
  part.applied = part.live.next_offset;
  if (part.applied > part.log_end) {
    report.findings.push_back({partition.value, "position", fmt::format("offset {}", part.applied),
                               fmt::format("the projection is ahead of the log, which ends at {}", part.log_end)});
    return {};
  }

  Replay replay(options.scratch_dir / fmt::format("p{}", partition.value), options.memory_bytes / 2);
  MNEMO_TRY(replay_log(log, partition, part.applied, progress, replay));
  part.events = part.applied;
  part.replayed = replay.projection->applied();
  MNEMO_ASSIGN(const auto points, stored_points(*view));
  compare_points(points, replay.projection->points(), part, report.findings);
  compare_meta(part.live, part.replayed, partition.value, report.findings);
  MNEMO_ASSIGN(const auto replayed, replay.projection->view());
  MNEMO_TRY(compare_rows(*view, *replayed, part, report.findings));
  return compare_indexes(*view, part, report.findings);
}

// A directory of our own inside the one given, which may hold anything else; both go if we made them.
class ScratchDir {
 public:
  explicit ScratchDir(const std::filesystem::path& parent) : parent_(parent), path_(parent / "verify-replay") {
    std::error_code ignored;
    made_parent_ = std::filesystem::create_directories(parent_, ignored);
    std::filesystem::remove_all(path_, ignored);
  }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    if (made_parent_) std::filesystem::remove(parent_, ignored);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path parent_;
  std::filesystem::path path_;
  bool made_parent_ = false;
};

}  // namespace

Result<VerifyReport> verify(Log& log, const VerifyOptions& options) {
  VerifyReport report;
  uint64_t total = 0;
  uint64_t done = 0;
  for (uint32_t p = 0; p < log.identity().partitions; ++p) {
    MNEMO_ASSIGN(const uint64_t end, log.end(PartitionId(p)));
    total += end;
  }
  const auto progress = [&](uint64_t events) {
    done += events;
    if (options.progress) options.progress(done, total);
  };
  const ScratchDir scratch(options.scratch_dir);
  VerifyOptions own = options;
  own.scratch_dir = scratch.path();
  for (uint32_t p = 0; p < log.identity().partitions; ++p) {
    const Status checked = check_partition(log, own, PartitionId(p), progress, report);
    if (checked) continue;
    // Damage is what verify is there to find; anything else keeps it from its work.
    if (checked.error().code != Code::kDataLoss) return fail(checked.error());
    report.findings.push_back({p, "rows", fmt::format("partition {}", p), checked.error().message});
  }
  return report;
}

}  // namespace mnemo
