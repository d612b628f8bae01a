#include "server/grpc/exchange.h"

#include <fmt/format.h>
#include <grpc/support/time.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/grpc/grpc_limits.h"
#include "server/service/call_metadata.h"
#include "server/service/known_fields.h"

namespace mnemo {
namespace {

using google::protobuf::Message;

using Metadata = std::optional<std::string_view>;

// The one value of a name; nullopt where there is none. Of two, one would be lost.
Result<Metadata> metadata(const grpc::CallbackServerContext& context, const char* name) {
  const auto [first, last] = context.client_metadata().equal_range(name);
  if (first == last) return Metadata();
  if (std::next(first) != last) {
    return fail(Code::kInvalidArgument, fmt::format("the metadata '{}' is given more than once: give it once", name));
  }
  return Metadata(std::in_place, first->second.data(), first->second.size());
}

Status check_guard(const RequestGuard& guard, const grpc::CallbackServerContext& context) {
  const grpc::string_ref authority = context.ExperimentalGetAuthority();
  MNEMO_TRY(guard.check_host({authority.data(), authority.size()}));
  const auto [first, last] = context.client_metadata().equal_range("origin");
  for (auto one = first; one != last; ++one) {
    MNEMO_TRY(guard.check_origin({one->second.data(), one->second.size()}));
  }
  return {};
}

// Until the client gives up; none where it never does. gRPC's own conversion to a time_point overflows within 300
// years.
std::optional<MonotonicSpan> time_left(const grpc::CallbackServerContext& context) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) return std::nullopt;
  const gpr_timespec left = gpr_time_sub(deadline, gpr_now(deadline.clock_type));
  const auto seconds = std::clamp<int64_t>(left.tv_sec, -1, std::chrono::seconds(kDeadlineMax).count());
  return std::chrono::seconds(seconds) + std::chrono::nanoseconds(left.tv_nsec);
}

MonotonicTime deadline_of(const grpc::CallbackServerContext& context, MonotonicTime now) {
  const auto left_of_client = time_left(context);
  if (!left_of_client) return now + kDeadlineDefault;
  const MonotonicSpan left = std::clamp<MonotonicSpan>(*left_of_client, MonotonicSpan(0), kDeadlineMax);
  return now + left - std::min<MonotonicSpan>(left / 10, kAnswerMarginMax);
}

Status parse(grpc::ByteBuffer& bytes, Message& request) {
  const grpc::Status status = grpc::SerializationTraits<Message>::Deserialize(&bytes, &request);
  bytes.Clear();
  if (!status.ok()) {
    return fail(Code::kInvalidArgument, fmt::format("the request is no {} as protobuf, or a string in it is no UTF-8",
                                                    request.GetDescriptor()->full_name()));
  }
  return check_known_fields(request);
}

Error stopping() {
  return {Code::kUnavailable, "this server is stopping: ask another, or again when it is back", true};
}

}  // namespace

grpc::Status to_grpc(const Error& error, grpc::ServerContextBase& context) {
  context.AddTrailingMetadata("retryable", error.retryable ? "true" : "false");
  if (error.retry_after_ms != 0) {
    context.AddTrailingMetadata("retry-after-ms", fmt::format("{}", error.retry_after_ms));
  }
  return {static_cast<grpc::StatusCode>(error.code), error.message};  // one to one: events/result.h
}

Exchange::Exchange(const ExchangeContext& door, Method method, grpc::CallbackServerContext* context,
                   grpc::ByteBuffer* response)
    : door_(door), context_(context), response_(response), method_(method), began_(door.clock.now()) {}

std::shared_ptr<Exchange> Exchange::begin(const ExchangeContext& door, Method method,
                                          grpc::CallbackServerContext* context, grpc::ByteBuffer* response) {
  std::shared_ptr<Exchange> exchange(new Exchange(door, method, context, response));
  exchange->self_ = exchange;
  exchange->entry_ = door.open.enter(exchange);
  return exchange;
}

Result<Call> Exchange::admit() const {
  if (entry_ != Entry::kServed) return fail(stopping());
  MNEMO_TRY(check_guard(door_.guard, *context_));
  Call call;
  MNEMO_ASSIGN(const Metadata authorization, metadata(*context_, "authorization"));
  MNEMO_ASSIGN(call.principal, door_.authenticator.authenticate(authorization.value_or("")));
  CallMetadata given;
  MNEMO_ASSIGN(given.idempotency_key, metadata(*context_, "idempotency-key"));
  MNEMO_ASSIGN(const Metadata traceparent, metadata(*context_, "traceparent"));
  MNEMO_ASSIGN(const Metadata correlation_id, metadata(*context_, "x-correlation-id"));
  MNEMO_ASSIGN(const Metadata request_id, metadata(*context_, "x-request-id"));
  given.traceparent = traceparent.value_or("");
  given.correlation_id = correlation_id.value_or("");
  given.request_id = request_id.value_or("");
  MNEMO_TRY(set_metadata(given, call));
  call.deadline = deadline_of(*context_, began_);
  return call;
}

Result<Call> Exchange::open(grpc::ByteBuffer& bytes, Message& request) const {
  MNEMO_ASSIGN(Call call, admit());
  MNEMO_TRY(parse(bytes, request));
  return call;
}

void Exchange::answer(const Message& response) {
  if (const size_t bytes = response.ByteSizeLong(); bytes > kAnswerBytesMax) {
    return refuse(
        {Code::kResourceExhausted, fmt::format("the answer has {} bytes, more than the {} of one message: ask "
                                               "for fewer memories at once",
                                               bytes, kAnswerBytesMax)});
  }
  if (!decides()) return;
  bool owned = false;
  finish(grpc::SerializationTraits<Message>::Serialize(response, response_, &owned));
}

void Exchange::refuse(const Error& error) {
  if (decides()) finish(to_grpc(error, *context_));
}

// Nobody waits any more. What was begun goes on; its answer finds that this was decided.
void Exchange::OnCancel() {
  if (unanswered()) return refuse(stopping());  // as its client understands the end of the connection
  if (!decides()) return;
  const bool late = time_left(*context_).value_or(kDeadlineMax) <= MonotonicSpan(0);
  finish(late ? grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "the deadline has passed") : grpc::Status::CANCELLED);
}

void Exchange::OnDone() {
  door_.open.leave(*this, entry_);
  const auto last = std::move(self_);
}

void Exchange::finish(const grpc::Status& status) {
  const auto error = status.ok() ? std::nullopt : std::optional(static_cast<Code>(status.error_code()));
  door_.observer.done({Door::kGrpc, method_, error, door_.clock.now() - began_});
  Finish(status);
}

}  // namespace mnemo
