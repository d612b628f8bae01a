#include "server/service/events.h"

#include "server/service/messages.h"

namespace mnemo {
namespace {

template <typename Request>
Result<v1::Envelope> envelope_from(const Call& call, Request& request) {
  MNEMO_TRY(call.principal->check(Right::kWrite, request.namespace_()));
  v1::Envelope envelope;
  MNEMO_ASSIGN(*envelope.mutable_idempotency_key(),
               key_from(call.idempotency_key, std::move(*request.mutable_idempotency_key())));
  envelope.set_namespace_(std::move(*request.mutable_namespace_()));
  envelope.set_agent_id(std::move(*request.mutable_agent_id()));
  envelope.set_actor(call.principal->name);
  envelope.set_correlation_id(call.correlation_id);
  envelope.set_traceparent(call.traceparent);
  return envelope;
}

template <typename Request, typename Event>
void set_link(Request& request, Event& e) {
  e.set_from_memory_id(std::move(*request.mutable_id()));
  e.set_type(std::move(*request.mutable_type()));
  e.set_to_memory_id(std::move(*request.mutable_to()));
}

}  // namespace

Result<std::string> key_from(const std::string& of_call, std::string&& of_message) {
  if (of_message.empty()) return of_call;
  if (of_call.empty() || of_call == of_message) return std::move(of_message);
  return fail(Code::kInvalidArgument,
              "the idempotency key beside the request is not the one in it: give one of them, or the same twice");
}

Result<v1::Envelope> event_from(const Call& call, v1::MemoryInput memory) {
  MNEMO_ASSIGN(v1::Envelope envelope, envelope_from(call, memory));
  MNEMO_ASSIGN(*envelope.mutable_remembered(), remembered_from(std::move(memory)));
  return envelope;
}

Result<v1::Envelope> event_from(const Call& call, v1::UpdateMemoryRequest request) {
  MNEMO_ASSIGN(v1::Envelope envelope, envelope_from(call, request));
  MNEMO_ASSIGN(*envelope.mutable_updated(), updated_from(std::move(request)));
  return envelope;
}

Result<v1::Envelope> event_from(const Call& call, v1::ForgetMemoryRequest request) {
  MNEMO_ASSIGN(v1::Envelope envelope, envelope_from(call, request));
  envelope.mutable_forgotten()->set_memory_id(std::move(*request.mutable_id()));
  envelope.mutable_forgotten()->set_expected_version(request.expected_version());
  return envelope;
}

Result<v1::Envelope> event_from(const Call& call, v1::ForgetByFilterRequest request) {
  MNEMO_ASSIGN(v1::Envelope envelope, envelope_from(call, request));
  v1::ForgottenByFilter& e = *envelope.mutable_forgotten_by_filter();
  if (request.has_filter()) *e.mutable_filter() = std::move(*request.mutable_filter());
  return envelope;
}

Result<v1::Envelope> event_from(const Call& call, v1::LinkMemoriesRequest request) {
  MNEMO_ASSIGN(v1::Envelope envelope, envelope_from(call, request));
  set_link(request, *envelope.mutable_linked());
  return envelope;
}

Result<v1::Envelope> event_from(const Call& call, v1::UnlinkMemoriesRequest request) {
  MNEMO_ASSIGN(v1::Envelope envelope, envelope_from(call, request));
  set_link(request, *envelope.mutable_unlinked());
  return envelope;
}

}  // namespace mnemo
