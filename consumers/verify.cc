#include "consumers/verify.h"

#include <fmt/format.h>

#include "consumers/follower.h"
#include "consumers/project.h"
#include "consumers/scratch_dir.h"
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
  std::error_code ignored;  // opening the projection tells what is wrong, if anything is
  std::filesystem::remove_all(replay.dir, ignored);
  std::filesystem::create_directories(replay.dir, ignored);
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

// Damage is what verify is there to find; anything else keeps it from its work.
Status note_damage(const Status& checked, PartitionReport& report, std::string_view check, std::string where,
                   std::vector<Finding>& findings) {
  if (checked || checked.error().code != Code::kDataLoss) return checked;
  findings.push_back({report.partition, std::string(check), std::move(where), checked.error().message});
  return {};
}

Result<std::unique_ptr<Store>> open_live(const VerifyOptions& options, PartitionId partition,
                                         StoreResources& resources) {
  StoreOptions live;
  live.dir = options.state_dir / fmt::format("p{}", partition.value);
  live.partition = partition;
  live.resources = &resources;
  live.read_only = true;
  std::error_code error;
  if (std::filesystem::exists(live.dir / "CURRENT", error)) return Store::open(live);
  return fail(Code::kFailedPrecondition,
              fmt::format("there is no projection in {}: any command that reads makes it, such as `mnemo status`",
                          live.dir.string()));
}

Status compare_states(const View& live, const Replay& replay, PartitionReport& part, std::vector<Finding>& findings) {
  MNEMO_ASSIGN(const auto replayed, replay.projection->view());
  part.replayed = replayed->meta();
  MNEMO_TRY(
      note_damage(compare_points(live, *replayed, part, findings), part, "digest", "digest points row", findings));
  MNEMO_TRY(compare_meta(live, *replayed, part, findings));
  MNEMO_TRY(note_damage(compare_rows(live, *replayed, part, findings), part, "rows", "rows", findings));
  return note_damage(compare_indexes(live, part, findings), part, "index", "index", findings);
}

Status check_partition(Log& log, const VerifyOptions& options, const std::function<void(uint64_t)>& progress,
                       PartitionReport& part, std::vector<Finding>& findings) {
  const PartitionId partition(part.partition);
  MNEMO_ASSIGN(part.log_end, log.end(partition));
  StoreResources live_resources(options.memory_bytes / 2);
  const auto live = open_live(options, partition, live_resources);
  if (!live) return fail(live.error());
  const auto view = (*live)->view();  // which reads the meta row
  if (!view) return note_damage(fail(view.error()), part, "position", "meta row", findings);
  part.live = (*view)->meta();
  part.applied = part.live.next_offset;
  if (part.applied > part.log_end) {
    findings.push_back({part.partition, "position", fmt::format("offset {}", part.applied),
                        fmt::format("the projection is ahead of the log, which ends at {}", part.log_end)});
    return {};
  }
  Replay replay(options.scratch_dir / fmt::format("p{}", partition.value), options.memory_bytes / 2);
  const Status replayed = replay_log(log, partition, part.applied, progress, replay);
  MNEMO_TRY(note_damage(replayed, part, "log", fmt::format("partition {}", partition.value), findings));
  if (!replayed) return {};
  part.events = part.applied;
  return compare_states(**view, replay, part, findings);
}

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
  const auto scratch = ScratchDir::make(options.scratch_dir, "verify");
  if (!scratch) {
    return fail(scratch.error().code,
                fmt::format("{}; --scratch names another place for the replay", scratch.error().message));
  }
  VerifyOptions own = options;
  own.scratch_dir = (*scratch)->path();
  for (uint32_t p = 0; p < log.identity().partitions; ++p) {
    PartitionReport& part = report.partitions.emplace_back();
    part.partition = p;
    const Status checked = check_partition(log, own, progress, part, report.findings);
    const std::string where = (options.state_dir / fmt::format("p{}", p)).string();
    MNEMO_TRY(note_damage(checked, part, "rows", where, report.findings));
  }
  return report;
}

}  // namespace mnemo
