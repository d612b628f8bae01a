#include "bench/measure.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace mnemo::bench {
namespace {

// utime and stime of a thread's stat line, in seconds. The name in it may hold blanks, but no ')'.
double cpu_of_thread(const std::filesystem::path& thread) {
  std::ifstream file(thread / "stat");
  std::string line;
  std::getline(file, line);
  std::istringstream rest(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  double user = 0;
  double system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::string name_of_thread(const std::filesystem::path& thread) {
  std::ifstream file(thread / "comm");
  std::string name;
  std::getline(file, name);
  return name;
}

}  // namespace

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

uint64_t micros_between(SteadyClock::time_point start, SteadyClock::time_point end) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(end - start).count());
}

CpuSeconds cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  CpuSeconds used;
  used.total = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    const std::string name = name_of_thread(thread.path());
    // RocksDB names its threads so: flushes have the high priority.
    if (name.starts_with("rocksdb:high")) used.flush += cpu_of_thread(thread.path());
    if (name.starts_with("rocksdb:low")) used.compaction += cpu_of_thread(thread.path());
  }
  return used;
}

double peak_memory_mib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    if (word != "VmHWM:") continue;
    double kib = 0;
    status >> kib;
    return kib / 1024;
  }
  return 0;
}

void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

uint64_t percentile(std::vector<uint64_t>& micros, double p) {
  if (micros.empty()) return 0;
  std::sort(micros.begin(), micros.end());
  return micros[static_cast<size_t>(p * static_cast<double>(micros.size() - 1))];
}

SyncRate fdatasync_rate(const std::filesystem::path& dir, double seconds, bool growing) {
  const std::filesystem::path file = dir / "raw";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) die("cannot create " + file.string());
  const std::string block(4096, 'x');
  if (::pwrite(fd, block.data(), block.size(), 0) < 0 || ::fsync(fd) != 0) die("cannot write " + file.string());
  std::vector<uint64_t> micros;
  const auto start = SteadyClock::now();
  while (seconds_since(start) < seconds) {
    const auto before = SteadyClock::now();
    const off_t at = growing ? static_cast<off_t>((micros.size() + 1) * block.size()) : 0;
    if (::pwrite(fd, block.data(), block.size(), at) < 0 || ::fdatasync(fd) != 0) die("cannot write " + file.string());
    micros.push_back(micros_between(before, SteadyClock::now()));
  }
  const double per_second = static_cast<double>(micros.size()) / seconds_since(start);
  ::close(fd);
  std::filesystem::remove(file);
  return {per_second, percentile(micros, 0.5), percentile(micros, 0.99)};
}

ScratchDirectory::ScratchDirectory(const std::filesystem::path& parent, const std::string& name) {
  std::string made = (parent / (name + "_XXXXXX")).string();
  if (::mkdtemp(made.data()) == nullptr) die("cannot make a directory in " + parent.string());
  path_ = made;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void die(const std::string& message) {
  fmt::print(stderr, "bench: {}\n", message);
  std::exit(2);
}

void must(const Status& status) {
  if (!status) die(status.error().message);
}

}  // namespace mnemo::bench
