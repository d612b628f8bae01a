#include "server/service/positions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace mnemo {
namespace {

// The position before which everything must have been applied.
Result<Position> end_of_wait(Node& node, const std::string& text) {
  MNEMO_ASSIGN(Position position, parse_position(text));
  if (position.partition.value >= node.partitions()) {
    return fail(Code::kInvalidArgument, fmt::format("min_position {} names partition {}, and the log has {}: give one "
                                                    "that this server answered with",
                                                    text, position.partition.value, node.partitions()));
  }
  const uint32_t epoch = node.log().identity().epoch;
  if (position.epoch != epoch) {
    return fail(Code::kDataLoss, fmt::format("min_position {} is of epoch {} and the log of epoch {}: it was restored "
                                             "or made anew since, and what was there may be gone",
                                             text, position.epoch, epoch));
  }
  if (position.offset < node.projection(position.partition).applied().next_offset) {
    ++position.offset;
    return position;
  }
  MNEMO_ASSIGN(const uint64_t end, node.log().end(position.partition));
  if (position.offset > end) {
    return fail(Code::kDataLoss,
                fmt::format("min_position {} lies beyond the end of the log, {}: what was there is gone, or it is of "
                            "another log",
                            text, to_string(Position{position.partition, epoch, end})));
  }
  position.offset = std::min(position.offset + 1, end);
  return position;
}

}  // namespace

Result<std::vector<Position>> to_wait_for(Node& node, const google::protobuf::RepeatedPtrField<std::string>& texts) {
  if (texts.size() > kMinPositionsMax) {
    return fail(Code::kInvalidArgument, fmt::format("min_position has {} entries: give {} at most, one a partition",
                                                    texts.size(), kMinPositionsMax));
  }
  std::map<PartitionId, Position> furthest;
  for (const std::string& text : texts) {
    MNEMO_ASSIGN(const Position end, end_of_wait(node, text));
    Position& known = furthest.emplace(end.partition, end).first->second;
    known = std::max(known, end);
  }
  std::vector<Position> left;
  for (const auto& [partition, end] : furthest) {
    if (node.projection(partition).applied().next_offset < end.offset) left.push_back(end);
  }
  return left;
}

void wait_for_all(const Waiting& waiting, std::vector<Position> positions, MonotonicTime deadline,
                  std::function<void(const Status&)> done) {
  if (positions.empty()) return done({});
  const Position last = positions.back();
  positions.pop_back();
  wait_until(
      waiting, last.partition, [offset = last.offset](const Meta& meta) { return meta.next_offset >= offset; },
      deadline,
      [waiting, positions = std::move(positions), deadline, done = std::move(done)](const Status& status) {
        if (!status) return done(status);
        wait_for_all(waiting, positions, deadline, done);
      });
}

}  // namespace mnemo
