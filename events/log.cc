#include "events/log.h"

#include <future>

namespace mnemo {

Result<std::vector<Appended>> append_and_wait(Log& log, std::vector<NewRecord> records) {
  std::promise<Result<std::vector<Appended>>> promise;
  auto appended = promise.get_future();
  MNEMO_TRY(log.append(std::move(records),
                       [&promise](Result<std::vector<Appended>> done) { promise.set_value(std::move(done)); }));
  return appended.get();
}

}  // namespace mnemo
