#include "server/load/traffic.h"

#include <google/protobuf/util/time_util.h>

#include <utility>

namespace mnemo {
namespace {

constexpr size_t kQuestions = 20'000;
constexpr size_t kWordsOfQuestion = 8;

// Every other word of a memory.
std::string question_about(const std::string& text) {
  std::string question;
  size_t at = 0;
  for (size_t word = 0; word < kWordsOfQuestion * 2 && at < text.size(); ++word) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (word % 2 == 0) question.append(question.empty() ? "" : " ").append(text, at, end - at);
    at = end + 1;
  }
  return question;
}

v1::MemoryInput input_from(v1::Envelope envelope, const std::string& run) {
  v1::Remembered& e = *envelope.mutable_remembered();
  v1::MemoryInput input;
  input.set_namespace_(envelope.namespace_());
  input.set_agent_id(envelope.agent_id());
  input.set_idempotency_key(run + "/" + envelope.idempotency_key());
  input.set_text(std::move(*e.mutable_text()->mutable_plain()));
  input.set_session_id(e.session_id());
  input.set_speaker(e.speaker());
  input.set_class_(e.class_());
  input.set_kind(e.kind());
  *input.mutable_observed_at() = google::protobuf::util::TimeUtil::MillisecondsToTimestamp(e.observed_at_ms());
  for (const v1::MetadataEntry& entry : e.metadata()) {
    (*input.mutable_metadata())[entry.key()].set_text(entry.text().plain());
  }
  return input;
}

}  // namespace

std::string_view phase_name(LoadPhase phase) {
  switch (phase) {
    case LoadPhase::kIngest: return "ingest";
    case LoadPhase::kRetrieve: return "retrieve";
    case LoadPhase::kMixed: return "mixed";
  }
  return "";
}

Traffic::Traffic(TrafficOptions options)
    : options_(std::move(options)), workload_(options_.workload), random_(options_.workload.seed) {}

LoadRequest Traffic::next(LoadPhase phase) {
  switch (phase) {
    case LoadPhase::kIngest: return write();
    case LoadPhase::kRetrieve: return question();
    case LoadPhase::kMixed: break;
  }
  share_ += options_.reads_percent;
  if (share_ < 100) return write();
  share_ -= 100;
  return question();
}

v1::MemoryInput Traffic::memory() { return input_from(workload_.next(), options_.run); }

LoadRequest Traffic::write() {
  if (options_.batch == 1) {
    v1::RememberRequest request;
    *request.mutable_memory() = memory();
    return request;
  }
  v1::RememberBatchRequest request;
  for (uint32_t i = 0; i < options_.batch; ++i) *request.add_memories() = memory();
  return request;
}

LoadRequest Traffic::question() {
  if (questions_.empty()) {
    Workload again(options_.workload);
    while (questions_.size() < kQuestions) {
      const v1::Envelope envelope = again.next();
      v1::RetrieveRequest& request = questions_.emplace_back();
      request.set_namespace_(envelope.namespace_());
      request.set_agent_id(envelope.agent_id());
      request.set_query(question_about(envelope.remembered().text().plain()));
      request.set_limit(options_.limit);
      request.set_no_cache(!options_.cache);
    }
  }
  return questions_[random_() % questions_.size()];
}

RequestsAhead::RequestsAhead(Make make, size_t most)
    : make_(std::move(make)), most_(most), maker_([this] { make_all(); }) {}

RequestsAhead::~RequestsAhead() {
  const MutexLock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

std::optional<LoadRequest> RequestsAhead::take() {
  MutexLock lock(mutex_);
  while (made_.empty() && !ended_) changed_.wait(lock);
  if (made_.empty()) return std::nullopt;
  LoadRequest request = std::move(made_.front());
  made_.pop_front();
  if (made_.size() == most_ / 2) changed_.notify_all();  // not for each one: waking costs more than making
  return request;
}

void RequestsAhead::make_all() {
  while (true) {
    std::optional<LoadRequest> request = make_();
    MutexLock lock(mutex_);
    ended_ = !request;
    if (request) made_.push_back(*std::move(request));
    changed_.notify_all();
    if (made_.size() >= most_) {
      while (made_.size() > most_ / 2 && !stopping_) changed_.wait(lock);
    }
    if (ended_ || stopping_) return;
  }
}

}  // namespace mnemo
