#include "server/service/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "events/files.h"
#include "server/service/auth.h"

namespace mnemo {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

// Asked of the open file, so that nobody can put another in its place in between.
Status check_file(int fd, const std::filesystem::path& file) {
  struct stat found{};
  if (::fstat(fd, &found) != 0) return fail(file_error(file, "look at", errno));
  if (!S_ISREG(found.st_mode)) {
    return fail(Code::kInvalidArgument,
                fmt::format("{}: this is no regular file, which keys are kept in", file.string()));
  }
  if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(Code::kFailedPrecondition,
                fmt::format("{}: others than its owner may use this file of keys (mode {:03o}): chmod 600 {}",
                            file.string(), found.st_mode & 0777, file.string()));
  }
  if (static_cast<size_t>(found.st_size) > kKeyFileBytesMax) {
    return fail(Code::kInvalidArgument, fmt::format("{}: {} bytes are more than the {} of a file of keys",
                                                    file.string(), found.st_size, kKeyFileBytesMax));
  }
  return {};
}

Result<std::string> read_open_file(int fd, const std::filesystem::path& file) {
  MNEMO_TRY(check_file(fd, file));
  std::string text(kKeyFileBytesMax, '\0');
  MNEMO_TRY(read_whole(system_file_calls(), fd, file, 0, text));
  return text;
}

Status append_line(int fd, const std::filesystem::path& file, const std::string& text, const std::string& line) {
  const std::string whole = (text.empty() || text.ends_with('\n') ? "" : "\n") + line;
  MNEMO_TRY(write_whole(system_file_calls(), fd, file, whole, static_cast<off_t>(text.size())));
  if (system_file_calls().sync(fd) != 0) return fail(file_error(file, "sync", errno));
  const auto dir = file.parent_path();
  return sync_directory(system_file_calls(), dir.empty() ? "." : dir);
}

}  // namespace

Result<std::string> read_key_file(const std::filesystem::path& file) {
  // Not blocking: of a pipe it is told that it is none of ours, and nobody waits for its other end.
  const Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0 && errno == ENOENT) {
    return fail(Code::kNotFound,
                fmt::format("{}: there is no such file of keys: make one, or name another", file.string()));
  }
  if (fd.get() < 0) return fail(file_error(file, "open", errno));
  return read_open_file(fd.get(), file);
}

Result<std::string> add_key(const std::filesystem::path& file, Principal principal) {
  MNEMO_ASSIGN(const NewKey made, make_key(std::move(principal)));
  const Descriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK, S_IRUSR | S_IWUSR));
  if (fd.get() < 0) return fail(file_error(file, "open", errno));
  MNEMO_ASSIGN(const std::string text, read_open_file(fd.get(), file));
  const auto entries = parse_key_lines(text);
  if (!entries) return fail(entries.error().code, fmt::format("{}: {}", file.string(), entries.error().message));
  const std::string& name = made.entry.principal.name;
  if (std::any_of(entries->begin(), entries->end(), [&](const auto& one) { return one.principal.name == name; })) {
    return fail(Code::kAlreadyExists,
                fmt::format("{}: '{}' has a key: take its line out, or choose another name", file.string(), name));
  }
  if (entries->size() >= kKeysMax) {
    return fail(Code::kResourceExhausted, fmt::format("{}: it has {} keys, the most there may be: take some out",
                                                      file.string(), entries->size()));
  }
  MNEMO_TRY(append_line(fd.get(), file, text, key_line(made.entry)));
  return made.key;
}

}  // namespace mnemo
