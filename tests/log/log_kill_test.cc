// The process that writes a log is killed at random times, with appends under way: whatever it acknowledged is there,
// once, at the position it told. Every other time it is killed while it opens the log, or has hardly begun.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>
#include <set>

#include "events/log_embedded.h"
#include "tests/log/kill_protocol.h"
#include "tests/log/log_testing.h"

namespace mnemo {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr uint32_t kPartitions = 3;

// The writer, executed anew: a forked copy of this process would lack the threads of its libraries.
class Writer {
 public:
  Writer(const std::filesystem::path& dir, int round) {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) std::abort();
    out_ = fds[0];
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    std::string path = dir.string();
    std::string number = std::to_string(round);
    std::string program = MNEMO_KILL_WRITER;
    char* argv[] = {program.data(), path.data(), number.data(), nullptr};
    if (::posix_spawn(&pid_, MNEMO_KILL_WRITER, &actions, nullptr, argv, environ) != 0) std::abort();
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(fds[1]);
  }
  ~Writer() { ::close(out_); }

  // The next note; false at the deadline, or when the writer is gone and has said all.
  bool next(KillNote& note, SteadyClock::time_point deadline) {
    for (;;) {
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - SteadyClock::now()).count();
      pollfd waiting{out_, POLLIN, 0};
      if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) <= 0) return false;
      const ssize_t got = ::read(out_, &note, sizeof note);
      if (got == static_cast<ssize_t>(sizeof note)) return true;
      if (got == 0) return false;
    }
  }

  void kill_now() {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "it had ended by itself: " << status;
  }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
};

struct Told {
  std::map<Position, std::string> acknowledged;  // the id as the record's value begins
  size_t under_way = 0;                          // when it was killed
};

// `early`: its life is counted from its first instruction on, not from its first append on.
Told run_and_kill(const std::filesystem::path& dir, int round, bool early, milliseconds life) {
  auto end = SteadyClock::now() + life;
  Writer writer(dir, round);
  Told told;
  std::set<uint64_t> started;
  const auto take = [&](const KillNote& note) {
    if (note.kind == KillNote::kStarted) {
      started.insert(note.id);
      return;
    }
    started.erase(note.id);
    told.acknowledged[{PartitionId{note.partition}, 1, note.offset}] =
        std::to_string(round) + "/" + std::to_string(note.id) + "/";
  };
  KillNote note;
  if (!early) {
    EXPECT_TRUE(writer.next(note, SteadyClock::now() + milliseconds(20000))) << "it did not start";
    take(note);
    const auto other = EmbeddedLog::open(dir);
    EXPECT_FALSE(other.has_value()) << "two processes hold one log";
    EXPECT_EQ(other ? Code::kUnknown : other.error().code, Code::kFailedPrecondition);
    end = SteadyClock::now() + life;
  }
  while (writer.next(note, end)) take(note);
  writer.kill_now();
  while (writer.next(note, SteadyClock::now() + milliseconds(1000))) take(note);
  told.under_way = started.size();
  return told;
}

void expect_all_there_once(const std::filesystem::path& dir, const std::map<Position, std::string>& acknowledged) {
  auto log = EmbeddedLog::open(dir);
  ASSERT_TRUE(log.has_value()) << log.error().message;
  std::map<Position, std::string> found;
  std::set<std::string> ids;
  for (uint32_t p = 0; p < kPartitions; ++p) {
    uint64_t offset = 0;
    for (const auto& record : read_all(**log, p)) {
      EXPECT_EQ(record.position.offset, offset++);
      const std::string id = record.value.substr(0, record.value.rfind('/') + 1);
      EXPECT_TRUE(ids.insert(id).second) << id << " is there twice";
      found[record.position] = id;
    }
  }
  for (const auto& [position, id] : acknowledged) {
    ASSERT_TRUE(found.contains(position)) << to_string(position) << " is lost";
    ASSERT_EQ(found[position], id) << to_string(position);
  }
  const Status verified = (*log)->verify_all();
  EXPECT_TRUE(verified.has_value()) << verified.error().message;
}

TEST(EmbeddedLogKill, WhatWasAcknowledgedIsThereOnceAfterKill9) {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const TempDir temp;
  const auto dir = temp.path() / "log";
  ASSERT_TRUE(EmbeddedLog::create(dir, {.partitions = kPartitions}).has_value());
  std::map<Position, std::string> acknowledged;
  size_t with_appends_under_way = 0;
  size_t late = 0;
  size_t before_any_append = 0;
  for (int round = 0; round < MNEMO_KILL_ROUNDS; ++round) {
    SCOPED_TRACE(round);
    const bool early = round % 2 == 0;
    Told told = run_and_kill(dir, round, early, milliseconds(random() % (early ? 31 : 150)));
    late += early ? 0 : 1;
    with_appends_under_way += !early && told.under_way > 0 ? 1 : 0;
    before_any_append += early && told.under_way == 0 && told.acknowledged.empty() ? 1 : 0;
    acknowledged.merge(told.acknowledged);
    EXPECT_TRUE(told.acknowledged.empty()) << "a position was told in two rounds";
    expect_all_there_once(dir, acknowledged);
    if (HasFatalFailure()) return;
  }
  std::printf(
      "%zu acknowledged records in %d rounds, 0 lost, 0 twice; killed with appends under way %zu times, before "
      "the first append %zu times\n",
      acknowledged.size(), MNEMO_KILL_ROUNDS, with_appends_under_way, before_any_append);
  EXPECT_EQ(with_appends_under_way, late);
}

}  // namespace
}  // namespace mnemo
