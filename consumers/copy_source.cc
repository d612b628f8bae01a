#include "consumers/copy_source.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "consumers/follower.h"
#include "projector/projection.h"

namespace mnemo {
namespace {

// What is read ahead of each partition during the merge: small, as all partitions are read at once.
constexpr PollLimits kMergeReads{.records = 1000, .bytes = 256 << 10};
constexpr auto kPollWait = std::chrono::milliseconds(100);

bool is_accepted(const Outcome& outcome) {
  return outcome.kind == Outcome::Kind::kApplied || outcome.kind == Outcome::Kind::kRejected;
}

// Applies the records, and notes what became of each.
class DecideRole final : public Role {
 public:
  DecideRole(Projection& projection, std::set<uint64_t> skips, CopySource::Decisions& decisions,
             const CopySource::Progress& progress)
      : projection_(projection), skips_(std::move(skips)), decisions_(decisions), progress_(progress) {}

  Status handle(std::span<const LogRecord> records) override {
    MNEMO_TRY(projection_.apply(records, skips_, &outcomes_, false));
    MNEMO_CHECK(outcomes_.size() == records.size());
    for (const Outcome& outcome : outcomes_) {
      decisions_.wanted.push_back(is_accepted(outcome) || outcome.kind == Outcome::Kind::kControl);
      decisions_.rejected.push_back(outcome.kind == Outcome::Kind::kRejected);
    }
    progress_(records.size());
    return {};
  }

 private:
  Projection& projection_;
  std::set<uint64_t> skips_;
  CopySource::Decisions& decisions_;
  const CopySource::Progress& progress_;
  std::vector<Outcome> outcomes_;
};

// The wanted records of one partition, one after the other.
class Stream {
 public:
  static Result<std::unique_ptr<Stream>> open(Log& log, PartitionId partition, const CopySource::Decisions& decisions,
                                              const CopySource::Progress& progress) {
    MNEMO_ASSIGN(const uint64_t begin, log.begin(partition));
    MNEMO_ASSIGN(auto reader, log.read(partition, begin));
    std::unique_ptr<Stream> stream(new Stream(std::move(reader), decisions, progress));
    MNEMO_TRY(stream->next());
    return stream;
  }

  bool valid() const { return valid_; }
  const SourceRecord& record() const { return record_; }

  Status next() {
    for (valid_ = false; !valid_ && number_ < decisions_.wanted.size(); ++number_) {
      if (at_ == batch_.size()) MNEMO_TRY(poll());
      if (decisions_.wanted[number_]) take(batch_[at_]);
      ++at_;
    }
    return {};
  }

 private:
  Stream(std::unique_ptr<LogReader> reader, const CopySource::Decisions& decisions,
         const CopySource::Progress& progress)
      : reader_(std::move(reader)), decisions_(decisions), progress_(progress) {}

  Status poll() {
    for (batch_ = {}, at_ = 0; batch_.empty();) {
      MNEMO_ASSIGN(batch_, reader_->poll(kMergeReads, std::chrono::steady_clock::now() + kPollWait));
    }
    progress_(batch_.size());
    return {};
  }

  void take(const LogRecord& record) {
    valid_ = true;
    v1::Envelope& envelope = record_.envelope;
    MNEMO_CHECK(decode(record.value, envelope));
    const TimestampMs given = envelope.recorded_at_ms();
    const TimestampMs recorded_at_ms = given == 0 ? record.appended_at_ms : std::min(given, record.appended_at_ms);
    envelope.set_recorded_at_ms(recorded_at_ms);
    record_.position = record.position;
    record_.key = record.key;
    record_.control = is_control(kind_of(envelope));
    record_.rejected = decisions_.rejected[number_];
    if (!record_.control) record_.time_ms = std::max(record_.time_ms, recorded_at_ms);
    if (!envelope.has_ticked()) return;
    v1::Ticked& tick = *envelope.mutable_ticked();
    tick.set_time_ms(std::min(tick.time_ms(), record.appended_at_ms));
    record_.time_ms = std::max(record_.time_ms, tick.time_ms());
  }

  std::unique_ptr<LogReader> reader_;
  const CopySource::Decisions& decisions_;
  const CopySource::Progress& progress_;
  std::span<const LogRecord> batch_;
  size_t at_ = 0;        // in the batch
  uint64_t number_ = 0;  // of the record at `at_` in its partition
  bool valid_ = false;
  SourceRecord record_;
};

// Where a record stands in the merge: time, control events last, versions in order, partition. Rules and policies do
// not move event time, and come when they were recorded: behind what other partitions applied until then.
using Place = std::tuple<TimestampMs, bool, uint64_t, uint32_t>;

Place place_of(const SourceRecord& record, uint32_t partition) {
  const v1::Envelope& e = record.envelope;
  const bool moves_time = !record.control || e.has_ticked();
  const TimestampMs time_ms = moves_time ? record.time_ms : std::max(record.time_ms, e.recorded_at_ms());
  const uint64_t version = e.has_policy_updated()    ? e.policy_updated().version()
                           : e.has_rules_activated() ? e.rules_activated().rules_version()
                                                     : 0;
  return {time_ms, record.control, version, partition};
}

}  // namespace

Status CopySource::replay(PartitionId partition, const std::filesystem::path& scratch, size_t memory_bytes) {
  std::error_code ignored;  // opening the projection tells what is wrong, if anything is
  std::filesystem::remove_all(scratch, ignored);
  std::filesystem::create_directories(scratch, ignored);
  StoreResources resources(memory_bytes);
  ProjectionOptions options;
  options.store.dir = scratch;
  options.store.partition = partition;
  options.store.resources = &resources;
  options.log = log_.identity();
  MNEMO_ASSIGN(const auto projection, Projection::open(options));
  MNEMO_ASSIGN(const uint64_t begin, log_.begin(partition));
  MNEMO_ASSIGN(const uint64_t end, log_.end(partition));
  MNEMO_ASSIGN(auto skips, find_skips(log_, partition, begin, end));
  Decisions& decisions = decisions_.emplace_back();
  DecideRole role(*projection, std::move(skips), decisions, progress_);
  MNEMO_ASSIGN(const auto follower, Follower::open(log_, partition, begin, role, PollLimits{}));
  MNEMO_TRY(follower->run_to(end));
  left_out_ += static_cast<uint64_t>(std::count(decisions.wanted.begin(), decisions.wanted.end(), false));
  return {};
}

Result<std::unique_ptr<CopySource>> CopySource::open(Log& log, const std::filesystem::path& scratch,
                                                     size_t memory_bytes, Progress progress) {
  std::unique_ptr<CopySource> source(new CopySource(log, std::move(progress)));
  for (uint32_t p = 0; p < log.identity().partitions; ++p) {
    MNEMO_TRY(source->replay(PartitionId(p), scratch, memory_bytes));
  }
  std::error_code ignored;
  std::filesystem::remove_all(scratch, ignored);
  return source;
}

Status CopySource::for_each(const Visit& visit) {
  std::vector<std::unique_ptr<Stream>> streams;
  std::set<Place> heads;  // of each partition's next record
  const auto head = [&streams](uint32_t p) { return place_of(streams[p]->record(), p); };
  for (uint32_t p = 0; p < decisions_.size(); ++p) {
    MNEMO_ASSIGN(auto stream, Stream::open(log_, PartitionId(p), decisions_[p], progress_));
    streams.push_back(std::move(stream));
    if (streams[p]->valid()) heads.insert(head(p));
  }
  while (!heads.empty()) {
    const uint32_t p = std::get<uint32_t>(*heads.begin());
    heads.erase(heads.begin());
    Stream& stream = *streams[p];
    MNEMO_ASSIGN(const bool more, visit(stream.record()));
    if (!more) return {};
    MNEMO_TRY(stream.next());
    if (stream.valid()) heads.insert(head(p));
  }
  return {};
}

}  // namespace mnemo
