#include "tests/log/fault_disk.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace mnemo {

namespace fs = std::filesystem;

void FaultDisk::fail(DiskFault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void FaultDisk::work_again() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
  space_ = -1;
}

void FaultDisk::set_space(int64_t bytes, std::string suffix) {
  const std::lock_guard lock(mutex_);
  space_ = bytes;
  space_suffix_ = std::move(suffix);
}

int FaultDisk::may(DiskCall call, const std::string& path, size_t bytes, bool* half) {
  if (changes(call) && changes_left_ > 0 && --changes_left_ == 0) dead_ = true;
  if (dead_ && changes(call)) return EIO;
  const std::lock_guard lock(mutex_);
  for (DiskFault& fault : faults_) {
    if (fault.call != call || !path.ends_with(fault.suffix) || --fault.nth > 0) continue;
    if (fault.nth < 0 && !fault.persistent) continue;
    ++failed_;
    if (!fault.half) return fault.error;
    if (half != nullptr) *half = true;
  }
  if (call != DiskCall::kWrite || space_ < 0 || !path.ends_with(space_suffix_)) return 0;
  if (space_ < static_cast<int64_t>(bytes)) return ENOSPC;
  space_ -= static_cast<int64_t>(bytes);
  return 0;
}

void FaultDisk::created(const std::string& file) {
  const std::lock_guard lock(mutex_);
  files_[file] = {};
}

namespace {

std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string parent_of(const std::string& path) { return fs::path(path).parent_path().string(); }

}  // namespace

void FaultDisk::opened_in_place(const std::string& file) {
  const std::lock_guard lock(mutex_);
  File& state = files_[file];
  state.entry_synced = true;
  state.in_place = true;
  state.image = bytes_of(file);
}

void FaultDisk::appended(const std::string& file, size_t bytes) {
  const std::lock_guard lock(mutex_);
  files_[file].size += bytes;
}

void FaultDisk::synced(const std::string& file, uint64_t size) {
  const std::lock_guard lock(mutex_);
  File& state = files_[file];
  state.synced = std::max(state.synced, size);
}

void FaultDisk::synced_in_place(const std::string& file) {
  const std::lock_guard lock(mutex_);
  files_[file].in_place = true;
  files_[file].image = bytes_of(file);
}

uint64_t FaultDisk::size_of(const std::string& file) {
  const std::lock_guard lock(mutex_);
  return files_[file].size;
}

void FaultDisk::removed(const std::string& file) {
  const std::lock_guard lock(mutex_);
  files_.erase(file);
}

void FaultDisk::renamed(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(from);
  if (found == files_.end()) return;
  File state = std::move(found->second);
  files_.erase(found);
  files_[to] = std::move(state);
  // That the rename of a file gets lost is not played: it either happened whole, or the power went before it. And since
  // journals keep their order, what was made in the directory before it is there too.
  for (auto& [path, file] : files_) file.entry_synced = file.entry_synced || parent_of(path) == parent_of(to);
}

void FaultDisk::directory_renamed(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, File> moved;
  for (auto& [path, file] : files_) {
    const bool inside = path.starts_with(from + "/");
    moved[inside ? to + path.substr(from.size()) : path] = std::move(file);
  }
  files_ = std::move(moved);
  std::erase_if(directories_, [&from](const Entry& entry) { return entry.path == from; });
  directories_.push_back({from, to});
}

void FaultDisk::directory_made(const std::string& dir) {
  const std::lock_guard lock(mutex_);
  directories_.push_back({{}, dir});
}

void FaultDisk::directory_synced(const std::string& dir) {
  const std::lock_guard lock(mutex_);
  for (auto& [path, file] : files_) file.entry_synced = file.entry_synced || parent_of(path) == dir;
  std::erase_if(directories_, [&dir](const Entry& entry) { return parent_of(entry.path) == dir; });
}

void FaultDisk::lose_unsynced(std::mt19937_64& random, Loss loss) {
  const std::lock_guard lock(mutex_);
  for (const auto& [path, file] : files_) {
    if (fs::exists(path)) lose_file(path, file, random, loss);
  }
  // The newest first: what stands in a directory goes with it.
  for (auto entry = directories_.rbegin(); entry != directories_.rend(); ++entry) {
    if (loss == Loss::kSome && random() % 2 == 0) continue;
    if (entry->from.empty()) {
      fs::remove_all(entry->path);
    } else {
      fs::rename(entry->path, entry->from);
    }
  }
  files_.clear();
  directories_.clear();
}

void FaultDisk::lose_file(const std::string& path, const File& file, std::mt19937_64& random, Loss loss) {
  if (!file.entry_synced && (loss == Loss::kAll || random() % 2 == 0)) {
    fs::remove(path);
    return;
  }
  if (file.in_place) return lose_in_place(path, file, random, loss);
  if (file.size <= file.synced) return;
  const uint64_t kept = loss == Loss::kAll ? file.synced : file.synced + random() % (file.size - file.synced + 1);
  fs::resize_file(path, kept);
  if (kept == file.synced || random() % 2 == 0) return;
  // Pages reach the disk in any order: a page in the middle may be zeros.
  std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
  const uint64_t at = file.synced + random() % (kept - file.synced);
  out.seekp(static_cast<std::streamoff>(at));
  out << std::string(std::min<uint64_t>(4096, kept - at), '\0');
}

// Of what was written over, each sector is as it was or as it was to be.
void FaultDisk::lose_in_place(const std::string& path, const File& file, std::mt19937_64& random, Loss loss) {
  constexpr size_t kSectorBytes = 512;
  std::string bytes = bytes_of(path);
  const size_t size = loss == Loss::kAll || random() % 2 == 0 ? file.image.size() : bytes.size();
  bytes.resize(size, '\0');
  for (size_t at = 0; at < size; at += kSectorBytes) {
    if (loss == Loss::kSome && random() % 2 == 0) continue;
    std::string before = at < file.image.size() ? file.image.substr(at, kSectorBytes) : std::string();
    before.resize(std::min(kSectorBytes, size - at), '\0');
    bytes.replace(at, before.size(), before);
  }
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace mnemo
