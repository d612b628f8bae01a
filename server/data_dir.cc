#include "server/data_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <set>

#include "events/envelope.h"
#include "events/files.h"
#include "events/genesis.h"
#include "events/hash.h"
#include "events/tell_aside.h"
#include "events/uuid.h"
#include "projector/store/record_index.h"

namespace mnemo {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "mnemo 1\n";
// Stands in FORMAT until the log has its first records: such a directory was never used, and is made anew.
constexpr std::string_view kBeingMade = "mnemo 1 being made\n";
constexpr std::string_view kKeyName = "fingerprint.key";
const std::string kKafkaName = "KAFKA";
constexpr std::string_view kFormatPrefix = "mnemo ";
constexpr uint32_t kFormatVersion = 1;

// Whether all that is there is what a start of ours leaves when it is cut short before FORMAT stands: its lock, and a
// FORMAT under the name that it is written under.
bool is_unused(const fs::path& dir) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir, error)) {
    const std::string name = entry.path().filename().string();
    if (name == "LOCK") continue;
    if (name != "FORMAT.new" || !entry.is_regular_file(error)) return false;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!kBeingMade.starts_with(text)) return false;
  }
  return !error;
}

tl::unexpected<Error> nothing_at(const fs::path& dir) {
  return fail(Code::kNotFound,
              fmt::format("there is no data directory at {}: check the path that --data, MNEMO_DATA or the config file "
                          "gives; `mnemo serve`, `import` and `remember` make one",
                          dir.string()));
}

// What a start that was cut short may have made after FORMAT, beside the log and what it makes for itself.
bool is_key_leftover(const std::string& name) { return name.starts_with(std::string(kKeyName) + ".new-"); }

// Everything that a start of ours may leave when it is cut short.
bool is_leftover(const std::string& name) {
  static const std::set<std::string, std::less<>> names = {"LOCK", "FORMAT",       "FORMAT.new", std::string(kKeyName),
                                                           "log",  "log.creating", kKafkaName,   kKafkaName + ".new"};
  return names.contains(name) || is_key_leftover(name);
}

// Whether the log holds no more than the records that every log begins with. One that does not tell may hold anything.
Status check_log_unused(const fs::path& dir, const EmbeddedLogOptions& options) {
  std::error_code error;
  if (!fs::exists(dir, error) || fs::is_empty(dir, error)) return {};
  EmbeddedLogOptions look = options;
  look.read_only = true;
  MNEMO_ASSIGN(const auto log, EmbeddedLog::open(dir, look));
  for (uint32_t p = 0; p < log->identity().partitions; ++p) {
    MNEMO_ASSIGN(const uint64_t end, log->end(PartitionId(p)));
    if (end > kGenesisRecords) return fail(Code::kFailedPrecondition, "its log holds events");
  }
  return {};
}

// Whether the name is of the form that state_dir() gives.
bool is_state(std::string_view name) {
  constexpr std::string_view kPrefix = "state-";
  return name.starts_with(kPrefix) && name.size() == kPrefix.size() + 16 &&
         name.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

tl::unexpected<Error> io_error(const fs::path& path, const char* what) {
  return fail(Code::kUnavailable, fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno)), true);
}

tl::unexpected<Error> no_access(const fs::path& path, int error) {
  if (error != EACCES && error != EPERM) return fail(file_error(path, "read", error));
  return fail(Code::kPermissionDenied,
              fmt::format("{}: {}: run mnemo as the user to whom the data directory belongs, or give this one access",
                          path.string(), std::strerror(error)));
}

// What to do about a log that is damaged or not there.
Error with_ways_out(const fs::path& dir, Error error) {
  if (error.code != Code::kDataLoss && error.code != Code::kNotFound) return error;
  error.code = Code::kDataLoss;
  error.message += fmt::format(
      "; restore log/ and fingerprint.key together from the newest good copy of {}. Until then nothing can be written, "
      "and reads show what the projections hold: `mnemo export` saves that (docs/operations.md, Damage in the log)",
      dir.string());
  return error;
}

Status check_kind(const fs::path& dir, bool kafka) {
  std::error_code error;
  const bool follows_kafka = fs::exists(dir / kKafkaName, error);
  if (follows_kafka == kafka) return {};
  return fail(Code::kFailedPrecondition,
              kafka
                  ? fmt::format("{} holds a log of its own: leave --log kafka out, or name another --data; `mnemo log "
                                "copy` takes its memories to Kafka",
                                dir.string())
                  : fmt::format("{} follows a log on Kafka: give --log kafka and --kafka-brokers, or ask its server "
                                "(--server)",
                                dir.string()));
}

// Whole, on disk, and in its directory, before this returns.
Status write_file(const fs::path& path, std::string_view text) {
  const fs::path temporary = path.string() + ".new";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return io_error(temporary, "make");
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  ::close(file);
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) return io_error(path, "write");
  return sync_directory(system_file_calls(), path.parent_path());
}

EmbeddedLogOptions log_options_of(const fs::path& dir, const DataDirOptions& options, const Clock& clock) {
  EmbeddedLogOptions log;
  log.clock = &clock;
  log.read_only = options.read_only;
  log.hooks = options.log_hooks;
  log.on_fatal = options.on_fatal;
  if (!log.on_fatal) log.on_fatal = [dir](const Error& error) { end_process(dir, error); };
  return log;
}

}  // namespace

void end_process(const fs::path& dir, const Error& error) {
  tell_aside(fmt::format(
      "mnemo: {}: the storage of the log in {} failed: {}; what was acknowledged is safe. See to the disk, and "
      "start mnemo again; what was not acknowledged may be sent again under the same keys\n",
      code_name(error.code), dir.string(), error.message));
  std::_Exit(kExitStorageFailed);
}

DataDir::~DataDir() {
  log_.reset();
  if (lock_ >= 0) ::close(lock_);
}

fs::path DataDir::state_dir() const { return dir_ / fmt::format("state-{:016x}", xxh3_64(projection_version())); }

Status DataDir::take_lock(bool read_only) {
  if (lock_ >= 0) return {};
  const fs::path path = dir_ / "LOCK";
  // A reader takes the lock too, so that it never reads beside a writer, but makes no file for it.
  lock_ = ::open(path.c_str(), (read_only ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC, 0600);
  if (lock_ < 0 && read_only && errno == ENOENT) return {};
  if (lock_ < 0 && errno == EROFS) {
    return fail(Code::kFailedPrecondition,
                fmt::format("cannot open {}: the file system is read-only, and only `verify --scratch` and the source "
                            "of `log copy` are read without writing there: copy the directory to where it can be "
                            "written, and name the copy",
                            path.string()));
  }
  if (lock_ < 0 && (errno == EACCES || errno == EPERM)) return no_access(path, errno);
  if (lock_ < 0) return io_error(path, "open");
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
  return fail(Code::kFailedPrecondition,
              fmt::format("{} is in use by another mnemo process: stop that one, or ask it instead", dir_.string()),
              true);
}

Result<bool> DataDir::is_made(bool may_create) {
  errno = 0;
  std::ifstream file(dir_ / "FORMAT");
  if (!file && errno != ENOENT) return no_access(dir_ / "FORMAT", errno);
  std::string line;
  std::getline(file, line);
  if (line.empty()) {
    if (may_create && is_unused(dir_)) return false;
    std::error_code error;
    if (fs::exists(dir_ / "log", error)) {
      return fail(
          Code::kFailedPrecondition,
          fmt::format("{} holds a log and no FORMAT file, which says who may open it: if this is mnemo's, a copy "
                      "of it perhaps that left the file out, write the line `mnemo 1` into {}; nothing was "
                      "changed",
                      dir_.string(), (dir_ / "FORMAT").string()));
    }
    return fail(Code::kFailedPrecondition,
                fmt::format("{} is not a mnemo data directory (it has no FORMAT file): name another directory{}",
                            dir_.string(), may_create ? ", or an empty one" : ""));
  }
  uint32_t version = 0;
  const bool ours = line.starts_with(kFormatPrefix) && std::sscanf(line.c_str(), "mnemo %u", &version) == 1;
  const bool being_made = line + "\n" == kBeingMade;
  const bool known = line + "\n" == kFormat || being_made || version > kFormatVersion;
  if (!ours || !known) {
    return fail(Code::kFailedPrecondition,
                fmt::format("{} has a FORMAT file of another program, or a damaged one: name another directory, or "
                            "write the line again if this one is mnemo's",
                            dir_.string()));
  }
  if (version > kFormatVersion) {
    return fail(Code::kFailedPrecondition,
                fmt::format("{} was written by a newer mnemo (format {}, this build reads {}): upgrade mnemo",
                            dir_.string(), version, kFormatVersion));
  }
  return !being_made;
}

Status DataDir::check_leftovers(const EmbeddedLogOptions& log) const {
  Status unused = check_log_unused(dir_ / "log", log);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir_, error)) {
    const std::string name = entry.path().filename().string();
    if (!is_leftover(name)) unused = fail(Code::kFailedPrecondition, fmt::format("it holds {}", name));
  }
  if (error) return fail(Code::kUnavailable, fmt::format("cannot look into {}: {}", dir_.string(), error.message()));
  if (unused) return {};
  return fail(Code::kFailedPrecondition,
              fmt::format("FORMAT in {} says that it was never made whole, but {}: nothing was changed. If it was in "
                          "use, write the line `mnemo 1` into FORMAT; if it never was, name another directory",
                          dir_.string(), unused.error().message));
}

Status DataDir::remove_leftovers() {
  std::error_code error;
  fs::remove_all(dir_ / "log", error);
  if (!error) fs::remove(dir_ / kKeyName, error);
  std::vector<fs::path> keys;
  for (const auto& entry : fs::directory_iterator(dir_, error)) {
    if (is_key_leftover(entry.path().filename().string())) keys.push_back(entry.path());
  }
  for (const fs::path& key : keys) {
    if (!error) fs::remove(key, error);
  }
  if (!error) return {};
  return fail(Code::kUnavailable,
              fmt::format("cannot remove what an earlier start left in {}: {}", dir_.string(), error.message()), true);
}

Status DataDir::create(const DataDirOptions& options, const Clock& clock) {
  MNEMO_TRY(check_leftovers(log_options_of(dir_, options, clock)));
  std::error_code ignored;
  fs::permissions(dir_, fs::perms::owner_all, fs::perm_options::replace, ignored);
  MNEMO_TRY(write_file(dir_ / "FORMAT", kBeingMade));
  MNEMO_TRY(remove_leftovers());
  MNEMO_TRY(options.kafka ? join_kafka(*options.kafka, clock) : create_embedded(options, clock));
  return write_file(dir_ / "FORMAT", kFormat);
}

Status DataDir::create_embedded(const DataDirOptions& options, const Clock& clock) {
  key_ = options.copy_of != nullptr ? *options.copy_of : FingerprintKey::random();
  MNEMO_TRY(key_->save(dir_ / kKeyName));
  LogIdentity identity;
  identity.partitions = options.partitions;
  MNEMO_ASSIGN(log_, EmbeddedLog::create(dir_ / "log", identity, log_options_of(dir_, options, clock)));
  UuidGenerator ids(clock);
  std::vector<NewRecord> first = genesis_records(log_->identity(), key_->check_value(), clock, ids);
  if (options.copy_of != nullptr) {
    // A copy gets its rules from the log that it copies.
    std::erase_if(first, [](const NewRecord& record) {
      v1::Envelope envelope;
      return envelope.ParseFromString(record.value) && envelope.has_rules_activated();
    });
  }
  MNEMO_ASSIGN(const auto appended, append_and_wait(*log_, std::move(first)));
  MNEMO_CHECK(!appended.empty());
  return {};
}

Status DataDir::join_kafka(const KafkaMember& member, const Clock& clock) {
  MNEMO_ASSIGN(JoinedLog joined, join_kafka_log(member, clock));
  key_ = joined.key;
  MNEMO_TRY(key_->save(dir_ / kKeyName));
  kafka_ = joined.log.get();
  log_ = std::move(joined.log);
  return write_file(dir_ / kKafkaName, kafka_note(member, log_->identity()));
}

Status DataDir::open_kafka(const KafkaMember& member) {
  std::ifstream file(dir_ / kKafkaName, std::ios::binary);
  const std::string note{std::istreambuf_iterator<char>(file), {}};
  MNEMO_ASSIGN(const LogIdentity noted, parse_kafka_note(note, member));
  if (!member.fingerprint_key.empty()) {
    MNEMO_ASSIGN(const FingerprintKey given, FingerprintKey::load(member.fingerprint_key));
    if (given.check_value() != key_->check_value()) {
      return fail(Code::kFailedPrecondition,
                  fmt::format("{} is not the secret of the log that {} follows: leave --fingerprint-key out, or name "
                              "another --data",
                              member.fingerprint_key.string(), dir_.string()));
    }
  }
  MNEMO_ASSIGN(auto log, rejoin_kafka_log(member, noted));
  kafka_ = log.get();
  log_ = std::move(log);
  return {};
}

// A log that cannot be opened is no error where that is allowed.
Status DataDir::open_embedded(const DataDirOptions& options, const Clock& clock) {
  Result<std::unique_ptr<EmbeddedLog>> log = EmbeddedLog::open(dir_ / "log", log_options_of(dir_, options, clock));
  if (log) {
    log_ = std::move(*log);
    return {};
  }
  if (!options.log_may_fail) return fail(with_ways_out(dir_, log.error()));
  log_error_ = with_ways_out(dir_, log.error());
  return {};
}

Result<std::unique_ptr<DataDir>> DataDir::open(const fs::path& dir, const DataDirOptions& options, const Clock& clock) {
  std::unique_ptr<DataDir> data(new DataDir());
  data->dir_ = dir;
  std::error_code error;
  const bool make = options.create && !options.read_only;
  const Status there = make ? make_directories(system_file_calls(), dir) : Status{};
  if (!fs::is_directory(dir, error)) {
    if (error == std::errc::permission_denied) return no_access(dir, EACCES);
    const bool something = fs::exists(dir, error);
    if (!something && !make) return nothing_at(dir);
    const std::string why = something ? "that is something else" : there.error().message;
    return fail(Code::kFailedPrecondition, fmt::format("there is no data directory {}: {}", dir.string(), why));
  }
  MNEMO_TRY(there);
  Result<bool> whole = data->is_made(make);  // before a lock is left in somebody else's directory
  if (!whole) {
    // It may be half made because another process makes it right now: that one holds its lock.
    MNEMO_TRY(data->take_lock(true));
    whole = data->is_made(make);
    if (!whole) return fail(whole.error());
  }
  if (!*whole && !make) {
    MNEMO_TRY(data->check_leftovers(log_options_of(dir, options, clock)));
    return fail(Code::kFailedPrecondition, fmt::format("{} was never made whole: write to it first", dir.string()));
  }
  MNEMO_TRY(data->take_lock(options.read_only));
  MNEMO_ASSIGN(const bool made, data->is_made(make));
  if (!made) {
    MNEMO_TRY(data->create(options, clock));
    return data;
  }
  MNEMO_TRY(check_kind(dir, options.kafka.has_value()));
  MNEMO_ASSIGN(data->key_, FingerprintKey::load(dir / kKeyName));
  if (options.copy_of != nullptr && options.copy_of->check_value() != data->key_->check_value()) {
    return fail(
        Code::kFailedPrecondition,
        fmt::format("{} holds a log of its own, not a copy of that one: name an empty directory", dir.string()));
  }
  MNEMO_TRY(options.kafka ? data->open_kafka(*options.kafka) : data->open_embedded(options, clock));
  return data;
}

Status DataDir::drop_old_states() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir_, error)) {
    const std::string name = entry.path().filename().string();
    if (is_state(name) && name != state_dir().filename()) fs::remove_all(entry.path(), error);
  }
  if (error) return fail(Code::kUnavailable, "cannot remove an old projection: " + error.message(), true);
  return {};
}

}  // namespace mnemo
