// File: server/import_tally.h
// What an import came to: counts, the first refusals, and how far everything is durable.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "consumers/writes.h"
#include "events/envelope.h"
#include "events/result.h"

namespace mnemo {

// An event of the input, as the tally needs to know it.
struct Sent {
  std::string where;
  v1::Envelope::EventCase kind;
  std::string why;  // what to say should the log answer that the memory is there with other content; empty: its words
};

struct ImportCounts {
  uint64_t remembered = 0;
  uint64_t expired = 0;  // of those: by event time they had expired when they came
  uint64_t linked = 0;
  uint64_t attached = 0;
  uint64_t present = 0;
  uint64_t forgotten = 0;  // were there once, and stay forgotten or expired
  uint64_t refused = 0;
  std::vector<std::string> refusals;  // the first kRefusalsTold
  std::string durable;                // the last place of the input up to which all is durable and applied; or empty
};

inline constexpr size_t kRefusalsTold = 10;

// Filled from other threads while the import goes on. Thread-safe.
class Tally {
 public:
  // A batch is on its way, in order; `last` is the last place that it and those before it cover. Its number.
  uint64_t begin(size_t events, std::string last);
  // Nothing of the batch that began last was appended.
  void withdraw();
  void add(uint64_t batch, const Sent& sent, const Result<Written>& written);
  // What the line says is there: it was not sent.
  void add_present();
  // Waits until fewer than `limit` events are under way; the first failure, if there was one.
  Status wait_below(size_t limit);
  // Nothing is under way, and all of the input is covered up to here.
  void cover(std::string where);

  ImportCounts counts() const;

 private:
  struct Batch {
    size_t left = 0;
    std::string last;
  };

  void count(const Sent& sent, const Outcome& o);
  void refuse(const Sent& sent, const std::string& why);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> batches_;  // under way, or waiting for one before them
  uint64_t first_ = 0;         // number of batches_.front()
  size_t in_flight_ = 0;
  std::optional<Error> failure_;
  ImportCounts counts_;
};

}  // namespace mnemo
