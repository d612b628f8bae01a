#include "consumers/emit.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "events/envelope.h"
#include "events/hash.h"

namespace mnemo {
namespace {

constexpr std::string_view kMagic = "mnemo emitted 1";
constexpr auto kReadMax = std::chrono::seconds(10);  // for a record that is on the log

// The note's lines after the first, which holds their checksum.
std::string header_of(const LogIdentity& log) {
  return fmt::format("log {} epoch {} partitions {}\n", to_hex(log.log_id), log.epoch, log.partitions);
}

Status write_synced(const std::filesystem::path& path, std::string_view text) {
  const auto failed = [&path](const char* what) {
    return fail(Code::kUnavailable, fmt::format("cannot {} {}: {}", what, path.string(), std::strerror(errno)), true);
  };
  const std::string temporary = path.string() + ".new";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return failed("make");
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(file) == 0;
  ::close(file);
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) return failed("write");
  return {};
}

}  // namespace

// Collects the records of one batch that belong elsewhere, and appends them a group at a time.
class Emitter::Rerouting {
 public:
  Rerouting(Log& log, PartitionId from) : log_(log), from_(from) {}

  Status add(uint64_t offset) {
    MNEMO_ASSIGN(const LogRecord record, read(offset));
    v1::Envelope envelope;
    // A control event names its partition itself: on another one it is a mistake, and stays a dead letter.
    if (!decode(record.value, envelope) || is_control(kind_of(envelope))) return {};
    const PartitionId own = partition_of(record.key, log_.identity().partitions);
    bytes_ += record.key.size() + record.value.size();
    group_.push_back({own, std::string(record.key), std::string(record.value)});
    const bool full = group_.size() >= kRerouteRecords || bytes_ >= kRerouteBytes;
    return full ? flush() : Status{};
  }
  Status flush() {
    if (group_.empty()) return {};
    bytes_ = 0;
    MNEMO_ASSIGN(const auto appended, append_and_wait(log_, std::exchange(group_, {})));
    appended_ += appended.size();
    return {};
  }
  uint64_t appended() const { return appended_; }

 private:
  Result<LogRecord> read(uint64_t offset) {
    const bool next = reader_ && reader_->next_offset() == offset;
    if (!next) {
      MNEMO_ASSIGN(reader_, log_.read(from_, offset));
    }
    const Deadline deadline = std::chrono::steady_clock::now() + kReadMax;
    MNEMO_ASSIGN(const auto records, reader_->poll({.records = 1, .bytes = 1}, deadline));
    if (!records.empty() && records.front().position.offset == offset) return records.front();
    return fail(Code::kUnavailable, "the log did not give a record again in time", true);
  }

  Log& log_;
  PartitionId from_;
  std::unique_ptr<LogReader> reader_;
  std::vector<NewRecord> group_;
  size_t bytes_ = 0;
  uint64_t appended_ = 0;
};

Emitter::Emitter(Log& log, std::filesystem::path note, Listener listener)
    : log_(log), note_(std::move(note)), listener_(std::move(listener)), sent_(log.identity().partitions) {}

Result<std::unique_ptr<Emitter>> Emitter::open(Log& log, std::filesystem::path note, Listener listener) {
  std::unique_ptr<Emitter> emitter(new Emitter(log, std::move(note), std::move(listener)));
  MNEMO_TRY(emitter->load());
  return emitter;
}

Status Emitter::load() {
  std::error_code error;
  if (note_.empty() || !std::filesystem::exists(note_, error)) return {};
  std::ifstream file(note_, std::ios::binary);
  std::string first;
  std::getline(file, first);
  std::stringstream rest;
  rest << file.rdbuf();
  const std::string text = rest.str();
  const auto damaged = [this] {
    return fail(Code::kDataLoss, fmt::format("{} is damaged: delete it, and events that were on a wrong partition "
                                             "are appended to their own once more if the projections are replayed",
                                             note_.string()));
  };
  if (first != fmt::format("{} {:016x}", kMagic, xxh3_64(text))) return damaged();
  const std::string header = header_of(log_.identity());
  if (!text.starts_with(header)) return {};  // another log's
  std::istringstream lines(text.substr(header.size()));
  for (size_t p = 0; p < sent_.size(); ++p) {
    Sent& sent = sent_[p];
    if (!(lines >> sent.below >> sent.rerouted)) return damaged();
    // A log that was restored from an older copy of itself has other records from its end on.
    const auto end = log_.end(PartitionId(static_cast<uint32_t>(p)));
    // A log that is out of reach has not been restored here.
    if (!end && end.error().code != Code::kUnavailable) return fail(end.error());
    if (end) sent.below = std::min(sent.below, *end);
  }
  return {};
}

Status Emitter::save() const {
  if (note_.empty()) return {};
  std::string text = header_of(log_.identity());
  for (const Sent& sent : sent_) text += fmt::format("{} {}\n", sent.below, sent.rerouted);
  return write_synced(note_, fmt::format("{} {:016x}\n{}", kMagic, xxh3_64(text), text));
}

void Emitter::expect_replay(PartitionId partition, uint64_t offset) {
  const std::lock_guard lock(mutex_);
  sent_[partition.value].replay_below = offset;
}

Emitter::Sent Emitter::sent(PartitionId partition) const {
  const std::lock_guard lock(mutex_);
  return sent_[partition.value];
}

uint64_t Emitter::rerouted(PartitionId partition) const { return sent(partition).rerouted; }

Status Emitter::emit(PartitionId partition, const OutboxBatch& batch) {
  const Sent before = sent(partition);
  MNEMO_TRY(reroute(partition, batch, before.below));
  const bool news = batch.next_offset > before.replay_below && !batch.invalidations.empty();
  if (news && listener_) listener_(partition, batch);
  return {};
}

Status Emitter::reroute(PartitionId partition, const OutboxBatch& batch, uint64_t below) {
  Rerouting rerouting(log_, partition);
  for (const DeadLetter& letter : batch.dead_letters) {
    const bool due = letter.reason == SkipReason::kWrongPartition && letter.offset >= below;
    if (due) MNEMO_TRY(rerouting.add(letter.offset));
  }
  MNEMO_TRY(rerouting.flush());
  const std::lock_guard lock(mutex_);
  if (rerouting.appended() > 0) {
    sent_[partition.value].below = batch.next_offset;
    sent_[partition.value].rerouted += rerouting.appended();
    unsaved_ = true;
  }
  if (unsaved_) MNEMO_TRY(save());
  unsaved_ = false;
  return {};
}

}  // namespace mnemo
