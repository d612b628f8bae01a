#include "server/import_tally.h"

#include <fmt/format.h>

namespace mnemo {

uint64_t Tally::begin(size_t events, std::string last) {
  const std::lock_guard lock(mutex_);
  in_flight_ += events;
  batches_.push_back({events, std::move(last)});
  return first_ + batches_.size() - 1;
}

void Tally::withdraw() {
  const std::lock_guard lock(mutex_);
  in_flight_ -= batches_.back().left;
  batches_.pop_back();
}

void Tally::add(uint64_t batch, const Sent& sent, const Result<Written>& written) {
  const std::lock_guard lock(mutex_);
  --in_flight_;
  if (written) {
    count(sent, written->outcome);
    --batches_[batch - first_].left;
  } else if (!failure_) {
    failure_ = written.error();
  }
  while (!batches_.empty() && batches_.front().left == 0) {
    counts_.durable = std::move(batches_.front().last);
    batches_.pop_front();
    ++first_;
  }
  changed_.notify_all();
}

void Tally::add_present() {
  const std::lock_guard lock(mutex_);
  ++counts_.present;
}

Status Tally::wait_below(size_t limit) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return in_flight_ < limit || failure_.has_value(); });
  if (failure_) return fail(*failure_);
  return {};
}

void Tally::cover(std::string where) {
  const std::lock_guard lock(mutex_);
  counts_.durable = std::move(where);
}

ImportCounts Tally::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

void Tally::count(const Sent& sent, const Outcome& o) {
  const bool applied = o.kind == Outcome::Kind::kApplied;
  const bool late = sent.kind == v1::Envelope::kEmbeddingAttached && applied && o.count == 0;
  const bool memory = sent.kind == v1::Envelope::kRemembered;
  const bool gone = memory && o.forgotten && !applied;  // its content too, so that nobody can compare it
  if (gone) {
    ++counts_.forgotten;
  } else if (late) {
    refuse(sent, "there is no such version of this memory");
  } else if (o.refused || o.kind == Outcome::Kind::kSkipped) {
    refuse(sent, o.kind == Outcome::Kind::kConflict && !sent.why.empty() ? sent.why : o.message);
  } else if (!applied || (sent.kind == v1::Envelope::kLinked && o.count == 0)) {
    ++counts_.present;
  } else if (sent.kind == v1::Envelope::kLinked) {
    ++counts_.linked;
  } else if (sent.kind == v1::Envelope::kEmbeddingAttached) {
    ++counts_.attached;
  } else {
    ++counts_.remembered;
    counts_.expired += o.expired ? 1 : 0;
  }
}

void Tally::refuse(const Sent& sent, const std::string& why) {
  ++counts_.refused;
  if (counts_.refusals.size() < kRefusalsTold) counts_.refusals.push_back(fmt::format("{}: {}", sent.where, why));
}

}  // namespace mnemo
