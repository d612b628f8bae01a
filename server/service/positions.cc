#include "server/service/positions.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace mnemo {
namespace {

// That it was answered for this agent, by this log.
Status check_origin(Node& node, PartitionId partition, const std::string& text, const Position& position) {
  if (position.partition != partition) {
    return fail(Code::kInvalidArgument,
                fmt::format("min_position {} is of partition {}, and this agent lives in {}: give positions that "
                            "requests about this very agent were answered with",
                            text, position.partition.value, partition.value));
  }
  const uint32_t epoch = node.log().identity().epoch;
  if (position.epoch == epoch) return {};
  return fail(Code::kFailedPrecondition,
              fmt::format("min_position {} is of epoch {} and the log of epoch {}: it was restored or made anew since, "
                          "or this is another server; leave min_position out to read what is there",
                          text, position.epoch, epoch));
}

// The position before which everything must have been applied.
Result<Position> end_of_wait(Node& node, PartitionId partition, const std::string& text) {
  Result<Position> parsed = parse_position(text);
  if (!parsed) return fail(parsed.error().code, "min_position is " + parsed.error().message);
  Position position = *parsed;
  MNEMO_TRY(check_origin(node, partition, text, position));
  if (position.offset < node.projection(partition).applied().next_offset) {
    ++position.offset;
    return position;
  }
  MNEMO_ASSIGN(const uint64_t end, node.log().end(partition));
  if (position.offset > end) {
    return fail(
        Code::kDataLoss,
        fmt::format("min_position {} lies beyond the end of this log, {}. Either this log did not make it: check "
                    "which server it came from; or the log has lost its end: run `mnemo verify`, and restore "
                    "what is missing. Without min_position the read is answered with what is there",
                    text, to_string(Position{partition, position.epoch, end})));
  }
  position.offset = std::min(position.offset + 1, end);
  return position;
}

}  // namespace

Result<std::vector<Position>> to_wait_for(Node& node, PartitionId partition,
                                          const google::protobuf::RepeatedPtrField<std::string>& texts) {
  if (texts.size() > kMinPositionsMax) {
    return fail(Code::kInvalidArgument,
                fmt::format("min_position has {} entries: give {} at most", texts.size(), kMinPositionsMax));
  }
  std::optional<Position> furthest;
  for (const std::string& text : texts) {
    MNEMO_ASSIGN(const Position end, end_of_wait(node, partition, text));
    furthest = std::max(furthest.value_or(end), end);
  }
  if (!furthest || node.projection(partition).applied().next_offset >= furthest->offset) return std::vector<Position>();
  return std::vector<Position>{*furthest};
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
