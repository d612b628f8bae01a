#include "server/service/answers.h"

#include <fmt/format.h>

#include "projector/store/memory_id.h"
#include "query/request.h"
#include "server/service/export_page.h"
#include "server/service/memory_links.h"
#include "server/service/messages.h"

namespace mnemo {
namespace {

constexpr uint32_t kListLimitDefault = 100;

Status check_id(const std::string& id) {
  if (!id.empty()) return {};
  return fail(Code::kInvalidArgument, "id is empty: give the id of a memory");
}

uint32_t limit_or_default(uint32_t limit) { return limit == 0 ? kListLimitDefault : limit; }

std::optional<v1::Filter> filter_from(bool given, const v1::Filter& filter) {
  return given ? std::optional(filter) : std::nullopt;
}

Status check_implemented(const v1::RetrieveRequest& request) {
  if (!request.tier_mode().empty()) return of_a_later_version("tier_mode");
  if (!request.as_of().empty()) return of_a_later_version("as_of");
  if (request.has_embedding()) return of_a_later_version("embedding");
  if (request.touch()) return of_a_later_version("touch");
  return {};
}

v1::MemoryLink message_from(const Link& link) {
  v1::MemoryLink out;
  out.set_from(memory_id_text(link.from));
  out.set_type(link.type);
  out.set_to(memory_id_text(link.to));
  return out;
}

}  // namespace

tl::unexpected<Error> of_a_later_version(std::string_view field) {
  return fail(Code::kUnimplemented, fmt::format("{} comes with a later version: leave it out", field));
}

Status check(const v1::GetMemoryRequest& request) { return check_id(request.id()); }
Status check(const v1::GetHistoryRequest& request) { return check_id(request.id()); }
Status check(const v1::ListMemoriesRequest& request) {
  MNEMO_TRY(check_limit(limit_or_default(request.limit())));
  return check_filter(filter_from(request.has_filter(), request.filter()));
}
Status check(const v1::ForgetByFilterRequest& request) {
  if (request.has_filter()) return check_filter(request.filter());
  return fail(Code::kInvalidArgument, "filter is missing: say which memories are meant");
}
Status check(const v1::ExportMemoriesRequest& request) { return check_limit(limit_or_default(request.limit())); }

Result<v1::GetMemoryResponse> answer(const Engine& engine, const View& view, const v1::GetMemoryRequest& request) {
  MNEMO_ASSIGN(Memory memory, engine.get(view, request.namespace_(), request.agent_id(), request.id()));
  MNEMO_ASSIGN(const MemoryLinks links,
               links_of(engine, view, {request.namespace_(), request.agent_id()}, request.id()));
  v1::GetMemoryResponse response;
  *response.mutable_memory() = message_from(std::move(memory));
  for (const Link& link : links.from) *response.add_links() = message_from(link);
  for (const Link& link : links.to) *response.add_linked_from() = message_from(link);
  response.set_links_truncated(links.truncated);
  response.set_position(position_of(view));
  return response;
}

Result<v1::GetHistoryResponse> answer(const Engine& engine, const View& view, const v1::GetHistoryRequest& request) {
  MNEMO_ASSIGN(auto versions, engine.history(view, request.namespace_(), request.agent_id(), request.id()));
  v1::GetHistoryResponse response;
  for (Memory& version : versions) *response.add_versions() = message_from(std::move(version));
  response.set_position(position_of(view));
  return response;
}

Result<v1::ListMemoriesResponse> answer(const Engine& engine, const View& view,
                                        const v1::ListMemoriesRequest& request) {
  MNEMO_ASSIGN(Engine::Page page, engine.list(view, request.namespace_(), request.agent_id(),
                                              filter_from(request.has_filter(), request.filter()),
                                              limit_or_default(request.limit()), request.cursor()));
  v1::ListMemoriesResponse response;
  for (Memory& memory : page.memories) *response.add_memories() = message_from(std::move(memory));
  response.set_next_cursor(std::move(page.next_cursor));
  response.set_truncated(page.truncated);
  response.set_position(to_string(page.position));
  return response;
}

Result<v1::ForgetByFilterResponse> answer(const Engine& engine, const View& view,
                                          const v1::ForgetByFilterRequest& request) {
  MNEMO_ASSIGN(const uint64_t count, engine.count(view, request.namespace_(), request.agent_id(), request.filter()));
  v1::ForgetByFilterResponse response;
  response.set_forgotten(count);
  response.set_position(position_of(view));
  response.set_dry_run(true);
  return response;
}

Result<v1::ExportMemoriesResponse> answer(const Engine& /*engine*/, const View& view,
                                          const v1::ExportMemoriesRequest& request) {
  return export_page(view, {request.namespace_(), request.agent_id()}, limit_or_default(request.limit()),
                     request.cursor());
}

Result<RetrieveRequest> request_from(v1::RetrieveRequest message) {
  MNEMO_TRY(check_implemented(message));
  RetrieveRequest request;
  request.name_space = std::move(*message.mutable_namespace_());
  request.agent_id = std::move(*message.mutable_agent_id());
  request.query = std::move(*message.mutable_query());
  if (message.has_limit()) request.limit = message.limit();
  request.filter = filter_from(message.has_filter(), message.filter());
  if (message.has_reference_time()) {
    MNEMO_ASSIGN(request.reference_time_ms, time_from(message.reference_time(), "reference_time"));
  }
  request.context_token_budget = message.context_token_budget();
  request.explain = message.explain();
  MNEMO_TRY(check_request(request));
  return request;
}

std::string position_of(const View& view) {
  return to_string(Position{view.partition(), view.meta().epoch, view.meta().next_offset});
}

}  // namespace mnemo
