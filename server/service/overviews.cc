#include "server/service/overviews.h"

#include <fmt/format.h>

namespace mnemo {
namespace {

constexpr uint32_t kRetryAfterMs = 200;

}  // namespace

Status Overviews::post(std::function<void()> look) {
  if (taken_.fetch_add(1) >= kOverviewsMax) {
    taken_.fetch_sub(1);
    return fail(Error{Code::kResourceExhausted,
                      fmt::format("{} others ask for the status, digests, rules or metrics, as many as may: try again",
                                  kOverviewsMax),
                      true, kRetryAfterMs});
  }
  executor_.post([this, look = std::move(look)] {
    look();
    taken_.fetch_sub(1);
  });
  return {};
}

}  // namespace mnemo
