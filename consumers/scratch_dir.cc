#include "consumers/scratch_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <vector>

#include "events/files.h"

namespace mnemo {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnique = "XXXXXX";  // which mkdtemp() replaces by letters and digits

// The descriptor that holds the directory; negative when another process has it, or it is none.
int hold(const fs::path& dir) {
  const int lock = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (lock >= 0 && ::flock(lock, LOCK_EX | LOCK_NB) == 0) return lock;
  if (lock >= 0) ::close(lock);
  return -1;
}

// Who held it before may have removed it.
bool is_there(int lock) {
  struct stat found{};
  return ::fstat(lock, &found) == 0 && found.st_nlink > 0;
}

bool is_of_form(const std::string& name, const std::string& prefix) {
  return name.starts_with(prefix) && name.size() == prefix.size() + kUnique.size() &&
         std::all_of(name.begin() + static_cast<std::ptrdiff_t>(prefix.size()), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0; });
}

}  // namespace

Result<std::unique_ptr<ScratchDir>> ScratchDir::make(const fs::path& parent, std::string_view name) {
  std::error_code error;
  const bool made_parent = fs::create_directories(parent, error);
  if (error) return fail(file_error(parent, "make the directory", error.value()));
  std::unique_ptr<ScratchDir> scratch(new ScratchDir(parent, made_parent));
  const std::string prefix = fmt::format("mnemo-{}-", name);
  scratch->remove_left_over(prefix);
  MNEMO_TRY(scratch->take((parent / (prefix + std::string(kUnique))).string()));
  return scratch;
}

// Between making and holding it, another process may take it for one that was left, and remove it: then there is a
// next.
Status ScratchDir::take(const std::string& form) {
  while (true) {
    std::string made = form;
    if (::mkdtemp(made.data()) == nullptr) return fail(file_error(parent_, "make a directory in it", errno));
    lock_ = hold(made);
    path_ = made;
    if (lock_ >= 0 && is_there(lock_)) return {};
    if (lock_ >= 0) ::close(std::exchange(lock_, -1));
  }
}

void ScratchDir::remove_left_over(const std::string& prefix) const {
  std::error_code ignored;
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(parent_, ignored)) {
    if (is_of_form(entry.path().filename().string(), prefix)) found.push_back(entry.path());
  }
  for (const fs::path& dir : found) {
    const int lock = hold(dir);
    if (lock < 0) continue;
    fs::remove_all(dir, ignored);
    ::close(lock);
  }
}

ScratchDir::~ScratchDir() {
  std::error_code ignored;
  if (lock_ >= 0) {
    fs::remove_all(path_, ignored);
    ::close(lock_);
  }
  if (made_parent_) fs::remove(parent_, ignored);
}

}  // namespace mnemo
