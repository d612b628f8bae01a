// File: server/data_dir.h
// A data directory: what is where in it, who may open it, and how it is made.
//
//   FORMAT            "mnemo 1": which builds may open it; "mnemo 1 being made" until the log has its first records;
//                     then the next start makes everything else anew, if there is no more than that
//   LOCK              held by the one process that uses it
//   fingerprint.key   the log's fingerprint secret, mode 0600
//   log/              the embedded log: the only truth; or, instead,
//   KAFKA             which log on Kafka this directory follows: server/kafka_member.h
//   state-<hash>/pN   the projections, by projection version: deleted, they are replayed from the log
//   emitted           what was sent of what the projections had to announce: consumers/emit.h
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "events/clock.h"
#include "events/fingerprint.h"
#include "events/limits.h"
#include "events/log_embedded.h"
#include "events/result.h"
#include "server/kafka_member.h"

namespace mnemo {

// Of a process whose log's storage failed: after a failed sync nobody knows what is on disk, until the log is opened
// anew.
inline constexpr int kExitStorageFailed = 3;

// Says what happened and what to do, and ends the process at once, with that code.
[[noreturn]] void end_process(const std::filesystem::path& dir, const Error& error);

struct DataDirOptions {
  uint32_t partitions = limits::kPartitionsDefault;  // of a log that is made now
  bool create = true;                                // an absent or empty directory is made into one
  bool read_only = false;                            // changes no file: verify, and log copy's source
  bool log_may_fail = false;                         // a log that cannot be opened is told by log_error() alone
  // The secret of the log that this one is to be a copy of: a new log takes it and waits for its rules; an existing
  // one must have been made for it. Null: a log of its own.
  const FingerprintKey* copy_of = nullptr;
  // The log is on Kafka. A directory has either kind of log, for ever.
  std::optional<KafkaMember> kafka{};
  // Called when the log's storage has failed and its appenders have been told (events/log_embedded.h); end_process()
  // when empty.
  std::function<void(const Error&)> on_fatal{};
  std::shared_ptr<const EmbeddedLogHooks> log_hooks{};  // for tests
};

class DataDir {
 public:
  // NOT_FOUND: `create` is off and nothing is there. FAILED_PRECONDITION: another process holds it, a newer build wrote
  // it, or it is no data directory. Each message says what to do.
  static Result<std::unique_ptr<DataDir>> open(const std::filesystem::path& dir, const DataDirOptions& options,
                                               const Clock& clock);
  ~DataDir();

  // Not to be called when log_error() says why there is none.
  Log& log() { return *log_; }
  // The same, where it is on Kafka; null where it is not.
  const KafkaLog* kafka() const { return kafka_; }
  const std::optional<Error>& log_error() const { return log_error_; }
  const FingerprintKey& key() const { return *key_; }
  std::filesystem::path state_dir() const;
  std::filesystem::path scratch_dir() const { return dir_ / "scratch"; }
  std::filesystem::path emitted_file() const { return dir_ / "emitted"; }
  // Removes projections of other projection versions: call when the current one has caught up.
  Status drop_old_states();

 private:
  DataDir() = default;
  Status take_lock(bool read_only);
  Result<bool> is_made(bool may_create);
  // FAILED_PRECONDITION when there is more than a start that was cut short leaves: events, a projection, other files.
  Status check_leftovers(const EmbeddedLogOptions& log) const;
  // What a start that was cut short made after FORMAT.
  Status remove_leftovers();
  Status create(const DataDirOptions& options, const Clock& clock);
  Status create_embedded(const DataDirOptions& options, const Clock& clock);
  Status join_kafka(const KafkaMember& member, const Clock& clock);
  Status open_embedded(const DataDirOptions& options, const Clock& clock);
  Status open_kafka(const KafkaMember& member);

  std::filesystem::path dir_;
  int lock_ = -1;
  std::optional<FingerprintKey> key_;
  std::unique_ptr<Log> log_;
  const KafkaLog* kafka_ = nullptr;  // log_
  std::optional<Error> log_error_;
};

}  // namespace mnemo
