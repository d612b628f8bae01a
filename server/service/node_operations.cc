// list_operations, get_operation, set_policy, get_policy, rules, activate_rules.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "events/activation.h"
#include "events/envelope.h"
#include "query/request.h"
#include "server/service/answers.h"
#include "server/service/events.h"
#include "server/service/messages.h"
#include "server/service/work.h"

namespace mnemo {
namespace {

constexpr uint32_t kListLimitDefault = 100;

// A namespace of others answers as one that is not, before a right that is lacking.
Status check_either(const Principal& principal, std::string_view name_space) {
  const Status read = principal.check(Right::kRead, name_space);
  return read || read.error().code == Code::kNotFound ? read : principal.check(Right::kAdmin, name_space);
}

bool may_see(const Principal& principal, const Operation& operation) {
  return operation.name_space.empty() ? principal.every_namespace : principal.owns(operation.name_space);
}

Status check_name(std::string_view name_space) { return validate_scope(name_space, "-"); }

tl::unexpected<Error> no_such(std::string_view id) {
  return fail(Code::kNotFound,
              fmt::format("there is no operation {}: `GET /v1/journal` lists those that there are", id));
}

v1::Operation message_from(const Operation& operation) {
  v1::Operation out;
  out.set_id(to_hex(operation.id));
  out.set_kind(operation.kind);
  out.set_state(std::string(operation_state_name(operation.state)));
  out.set_steps(operation.steps);
  out.set_steps_done(operation.done);
  set_time(operation.started_at_ms, *out.mutable_started_at());
  if (!operation.running()) set_time(operation.finished_at_ms, *out.mutable_finished_at());
  out.set_detail(operation.reason.empty() ? operation.result : operation.reason);
  out.set_namespace_(operation.name_space);
  return out;
}

// As an agent's event would be refused.
Status check_key(const std::string& key, const v1::Limits& limits) {
  if (!is_utf8(key)) return fail(Code::kInvalidArgument, "event 'idempotency_key' is not UTF-8: send it as UTF-8");
  if (key.size() <= limits.key_bytes()) return {};
  return fail(Code::kInvalidArgument, fmt::format("event 'idempotency_key' is {} bytes, the limit is {}: shorten it",
                                                  key.size(), limits.key_bytes()));
}

Result<Operations::Policy> policy_from(const Call& call, v1::SetPolicyRequest request) {
  if (request.record_access()) return of_a_later_version("record_access");
  Operations::Policy asked;
  MNEMO_ASSIGN(asked.key, key_from(call.idempotency_key, std::move(*request.mutable_idempotency_key())));
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  asked.policy.name_space = std::move(*request.mutable_namespace_());
  if (request.has_ttl_ms()) asked.policy.ttl_ms = static_cast<int64_t>(std::min(request.ttl_ms(), kMost));
  if (request.has_record_access()) asked.policy.record_access = request.record_access();
  asked.by.set_actor(call.principal->name);
  asked.by.set_correlation_id(call.correlation_id);
  asked.by.set_traceparent(call.traceparent);
  return asked;
}

}  // namespace

void NodeService::list_operations(const Call& call, v1::ListOperationsRequest request,
                                  Reply<v1::ListOperationsResponse> reply) {
  const bool all = request.namespace_().empty();
  const Status may = !all                    ? check_either(*call.principal, request.namespace_())
                     : call.principal->admin ? Status()
                                             : call.principal->check(Right::kRead);
  if (!may) return reply(fail(may.error()));
  const uint32_t limit = request.limit() == 0 ? kListLimitDefault : request.limit();
  if (const Status fine = check_limit(limit); !fine) return reply(fail(fine.error()));
  const auto answer = calls_.count(std::move(reply));
  const auto wanted = [principal = call.principal, name_space = request.namespace_(), all](const Operation& operation) {
    return may_see(*principal, operation) && (all || operation.name_space == name_space);
  };
  Work work{TaskClass::kRead, request.namespace_(), {}, {1, request.ByteSizeLong()}, call.deadline};
  enqueue<v1::ListOperationsResponse>(
      std::move(work), answer, [this, answer, wanted, limit, cursor = request.cursor()](const Running&) {
        const Result<OperationPage> page = operations_.journal().list(limit, cursor, wanted);
        if (!page) return (*answer)(fail(page.error()));
        v1::ListOperationsResponse response;
        for (const Operation& operation : page->operations) *response.add_operations() = message_from(operation);
        response.set_next_cursor(page->next_cursor);
        response.set_truncated(!page->next_cursor.empty());
        (*answer)(std::move(response));
      });
}

void NodeService::get_operation(const Call& call, v1::GetOperationRequest request,
                                Reply<v1::GetOperationResponse> reply) {
  const Status may = call.principal->admin ? Status() : call.principal->check(Right::kRead);
  if (!may) return reply(fail(may.error()));
  const auto bytes = from_hex(request.id());
  const auto id = bytes ? bytes16(*bytes) : std::nullopt;
  if (!id) return reply(fail(Code::kInvalidArgument, "an id of an operation is 32 hexadecimal digits"));
  const auto answer = calls_.count(std::move(reply));
  Work work{TaskClass::kRead, {}, {}, {1, request.ByteSizeLong()}, call.deadline};
  enqueue<v1::GetOperationResponse>(
      std::move(work), answer, [this, answer, id = *id, principal = call.principal](const Running&) {
        // What is applied when it is looked for: the answer holds that, and perhaps more.
        const PartitionId home =
            operation_home({reinterpret_cast<const char*>(id.data()), id.size()}, node_.partitions());
        const Meta meta = node_.projection(home).applied();
        const Result<std::optional<Operation>> found = operations_.journal().find(id);
        if (!found) return (*answer)(fail(found.error()));
        if (!*found || !may_see(*principal, **found)) return (*answer)(no_such(to_hex(id)));
        v1::GetOperationResponse response;
        *response.mutable_operation() = message_from(**found);
        response.set_position(to_string(Position{home, meta.epoch, meta.next_offset}));
        (*answer)(std::move(response));
      });
}

void NodeService::set_policy(const Call& call, v1::SetPolicyRequest request, Reply<v1::SetPolicyResponse> reply) {
  if (const Status may = call.principal->check(Right::kAdmin, request.namespace_()); !may) {
    return reply(fail(may.error()));
  }
  if (const Status ready = ready_to_write(); !ready) return reply(fail(ready.error()));
  Result<Operations::Policy> asked = policy_from(call, std::move(request));
  if (!asked) return reply(fail(asked.error()));
  const Status key = check_key(asked->key, node_.projection(PartitionId(0)).rules()->limits);
  if (!key) return reply(fail(key.error()));
  const auto answer = calls_.count(std::move(reply));
  operations_.set_policy(*std::move(asked), call.deadline, [answer](Result<Operation> operation) {
    if (!operation) return (*answer)(fail(std::move(operation).error()));
    if (operation->state == Operation::State::kFailed) {
      return (*answer)(
          fail(Code::kInternal, fmt::format("operation {} failed: {}", to_hex(operation->id), operation->reason)));
    }
    v1::SetPolicyResponse response;
    response.set_operation(to_hex(operation->id));
    response.set_version(OperationRunner::policy_version(*operation));
    response.set_pending(operation->running());
    (*answer)(std::move(response));
  });
}

void NodeService::get_policy(const Call& call, v1::GetPolicyRequest request, Reply<v1::GetPolicyResponse> reply) {
  if (const Status may = check_either(*call.principal, request.namespace_()); !may) return reply(fail(may.error()));
  if (const Status fine = check_name(request.namespace_()); !fine) return reply(fail(fine.error()));
  const auto answer = calls_.count(std::move(reply));
  Work work{TaskClass::kRead, request.namespace_(), {}, {1, request.ByteSizeLong()}, call.deadline};
  enqueue<v1::GetPolicyResponse>(std::move(work), answer,
                                 [this, answer, name_space = request.namespace_()](const Running&) {
                                   const Result<Policy> policy = operations_.journal().policy(name_space);
                                   if (!policy) return (*answer)(fail(policy.error()));
                                   v1::GetPolicyResponse response;
                                   response.set_namespace_(name_space);
                                   response.set_version(policy->version);
                                   response.set_ttl_ms(static_cast<uint64_t>(policy->ttl_ms));
                                   response.set_record_access(policy->record_access);
                                   (*answer)(std::move(response));
                                 });
}

void NodeService::rules(const Call& call, Reply<v1::GetRulesResponse> reply) {
  if (const Status may = call.principal->check_everywhere(Right::kRead); !may) return reply(fail(may.error()));
  if (const Status ready = ready_to_read(); !ready) return reply(fail(ready.error()));
  overview<v1::GetRulesResponse>(std::move(reply), [this] {
    std::vector<Rules> in_force;
    for (uint32_t p = 0; p < node_.partitions(); ++p) in_force.push_back(*node_.projection(PartitionId(p)).rules());
    const KindsOfLog kinds = kinds_of(in_force);
    v1::GetRulesResponse response;
    response.set_rules_version(in_force.front().version);
    for (const std::string_view kind : kinds.active) response.add_active_kinds(std::string(kind));
    for (const std::string_view kind : kinds.missing) response.add_missing_kinds(std::string(kind));
    return response;
  });
}

void NodeService::activate_rules(const Call& call, Reply<v1::ActivateRulesResponse> reply) {
  if (const Status may = call.principal->check_everywhere(Right::kAdmin); !may) return reply(fail(may.error()));
  if (const Status ready = ready_to_write(); !ready) return reply(fail(ready.error()));
  const auto answer = calls_.count(std::move(reply));
  operations_.activate_rules(call.deadline, [answer](Result<std::vector<PartitionId>> activated) {
    if (!activated) return (*answer)(fail(std::move(activated).error()));
    v1::ActivateRulesResponse response;
    for (const PartitionId partition : *activated) response.add_partitions(partition.value);
    (*answer)(std::move(response));
  });
}

}  // namespace mnemo
