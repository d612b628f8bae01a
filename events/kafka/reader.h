// File: events/kafka/reader.h
// A reader of one partition of a topic, over a leased consumer.
//
// As LogReader; and where the log's end is another producer's unfinished transaction, or the mark that one leaves, its
// next offset moves past what no reader is given.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "events/kafka/consumers.h"
#include "events/log.h"

namespace mnemo::kafka {

class Reader final : public LogReader {
 public:
  // `trouble` tells why the log is refused, if it is; called at each poll.
  using Trouble = std::function<std::optional<Error>()>;

  Reader(std::unique_ptr<Consumers::Lease> lease, Position start, Trouble trouble)
      : lease_(std::move(lease)), next_(start), trouble_(std::move(trouble)) {}

  Result<std::span<const LogRecord>> poll(PollLimits limits, Deadline deadline) override;
  uint64_t next_offset() const override { return next_.offset; }

 private:
  bool full(PollLimits limits) const;
  bool at_end() const;
  void fetch(Deadline until);
  Status take(PollLimits limits);

  std::unique_ptr<Consumers::Lease> lease_;
  Position next_;
  const Trouble trouble_;
  bool started_ = false;
  bool end_told_ = false;  // since the last record
  std::vector<Message> fetched_;
  size_t taken_ = 0;            // of fetched_
  std::vector<Message> given_;  // what records_ look into
  std::vector<LogRecord> records_;
  size_t bytes_ = 0;  // of records_
};

}  // namespace mnemo::kafka
