#include "server/http/http_reply.h"

#include <atomic>
#include <utility>

#include "events/result.h"
#include "server/http/responses.h"

namespace mnemo {

// What all copies of a responder share.
class HttpReply::Owed {
 public:
  explicit Owed(std::shared_ptr<HttpReply> reply) : reply_(std::move(reply)) {}
  ~Owed() {
    if (given_) return;
    reply_->give(
        error_response({Code::kInternal, "the request was dropped without an answer: this is a fault of mnemo"}));
  }
  Owed(const Owed&) = delete;
  Owed& operator=(const Owed&) = delete;

  void give(HttpResponse response) {
    MNEMO_CHECK(!given_.exchange(true));
    reply_->give(std::move(response));
  }

 private:
  std::shared_ptr<HttpReply> reply_;
  std::atomic<bool> given_{false};
};

std::optional<HttpResponse> HttpReply::take() {
  const MutexLock lock(mutex_);
  return std::exchange(response_, std::nullopt);
}

void HttpReply::abandon() {
  const MutexLock lock(mutex_);
  wake_ = nullptr;
}

void HttpReply::give(HttpResponse response) {
  const MutexLock lock(mutex_);
  response_ = std::move(response);
  if (wake_) wake_();
}

HttpResponder HttpReply::responder(std::shared_ptr<HttpReply> reply) {
  return [owed = std::make_shared<Owed>(std::move(reply))](HttpResponse response) { owed->give(std::move(response)); };
}

}  // namespace mnemo
