#include "server/service/wait_places.h"

#include <fmt/format.h>

namespace mnemo {
namespace {

constexpr uint32_t kRetryAfterMs = 200;

}  // namespace

WaitPlaces::WaitPlaces(uint32_t partitions, size_t most) : most_(most) {
  for (uint32_t p = 0; p < partitions; ++p) taken_.push_back(std::make_shared<Count>(0));
}

Result<WaitPlace> WaitPlaces::take(PartitionId partition) {
  const std::shared_ptr<Count>& count = taken_[partition.value];
  if (count->fetch_add(1) >= most_) {
    count->fetch_sub(1);
    return fail(Error{Code::kResourceExhausted,
                      fmt::format("{} requests wait for partition {}, as many as may, and this one was not begun: try "
                                  "again",
                                  most_, partition.value),
                      true, kRetryAfterMs});
  }
  return WaitPlace(nullptr, [count](const void*) { count->fetch_sub(1); });
}

}  // namespace mnemo
