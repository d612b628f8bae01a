#include "server/remote.h"

#include <fmt/format.h>

#include "server/remote_messages.h"
#include "server/remote_service.h"
#include "server/service/auth.h"

namespace mnemo {
namespace {

constexpr auto kWriteMax = std::chrono::seconds(30);

// The fields that answers to writes share, as JSON and for a person.
struct Told {
  std::string id;
  uint32_t version = 0;
  bool duplicate = false;
  bool forgotten = false;
  bool pending = false;
};

template <typename Response>
Json common_json(const Response& r) {
  Json json = {{"event_id", r.event_id()}, {"position", r.position()}, {"duplicate", r.duplicate()}};
  if (r.pending()) json["pending"] = true;
  return json;
}

int tell(const CommonOptions& common, Json json, const Told& told, std::string_view done) {
  if (!told.id.empty()) json["id"] = told.id;
  if (told.version != 0) json["version"] = told.version;
  if (told.forgotten) json["forgotten"] = true;
  if (common.json) {
    print_json(json);
    return kExitDone;
  }
  fmt::print("{}{}{}{}{}\n", done, told.id.empty() ? "" : " " + one_line(told.id), told.duplicate ? " (already)" : "",
             told.forgotten ? ", forgotten or expired since" : "",
             told.pending ? "; durable, and not applied yet" : "");
  return kExitDone;
}

Result<int> remember(const CommonOptions& common, Remote& remote, const v1::Envelope& e, std::string_view done) {
  v1::RememberRequest request;
  *request.mutable_memory() = memory_input_from(e);
  MNEMO_ASSIGN(const auto r, remote.ask(&Service::remember, std::move(request)));
  return tell(common, common_json(r), {r.memory_id(), r.memory().version(), r.duplicate(), r.forgotten(), r.pending()},
              done);
}

Result<int> update(const CommonOptions& common, Remote& remote, const v1::Envelope& e, std::string_view done) {
  v1::UpdateMemoryRequest request;
  request.set_namespace_(e.namespace_());
  request.set_agent_id(e.agent_id());
  request.set_id(e.updated().memory_id());
  request.set_expected_version(e.updated().expected_version());
  request.set_text(e.updated().text().plain());
  MNEMO_ASSIGN(const auto r, remote.ask(&Service::update, std::move(request), e.idempotency_key()));
  return tell(common, common_json(r),
              {e.updated().memory_id(), r.memory().version(), r.duplicate(), r.forgotten(), r.pending()}, done);
}

Result<int> forget(const CommonOptions& common, Remote& remote, const v1::Envelope& e, std::string_view done) {
  v1::ForgetMemoryRequest request;
  request.set_namespace_(e.namespace_());
  request.set_agent_id(e.agent_id());
  request.set_id(e.forgotten().memory_id());
  MNEMO_ASSIGN(const auto r, remote.ask(&Service::forget, std::move(request), e.idempotency_key()));
  return tell(common, common_json(r), {e.forgotten().memory_id(), 0, r.duplicate(), false, r.pending()}, done);
}

template <typename Request, typename Response, typename Event>
Result<int> link(const CommonOptions& common, Remote& remote,
                 void (Service::*method)(const Call&, Request, Reply<Response>), const v1::Envelope& e,
                 const Event& event, std::string_view done) {
  Request request;
  request.set_namespace_(e.namespace_());
  request.set_agent_id(e.agent_id());
  request.set_id(event.from_memory_id());
  request.set_type(event.type());
  request.set_to(event.to_memory_id());
  MNEMO_ASSIGN(const auto r, remote.ask(method, std::move(request), e.idempotency_key()));
  return tell(common, common_json(r), {{}, 0, r.duplicate(), false, r.pending()}, done);
}

}  // namespace

Result<Remote> Remote::connect(const CommonOptions& options) {
  auto clock = std::make_unique<SteadyClock>();
  MNEMO_ASSIGN(auto service, connect_to({options.server, options.api_key, options.ca_cert}, *clock));
  return Remote(std::move(clock), std::move(service));
}

Call Remote::call(const std::string& key) const {
  Call call;
  call.principal = everyone();  // the server decides who it is
  call.deadline = clock_->now() + kWriteMax;
  call.idempotency_key = key;
  return call;
}

Result<int> write_remotely(const CommonOptions& common, const v1::Envelope& e, std::string_view done) {
  MNEMO_ASSIGN(Remote remote, Remote::connect(common));
  if (e.has_remembered()) return remember(common, remote, e, done);
  if (e.has_updated()) return update(common, remote, e, done);
  if (e.has_forgotten()) return forget(common, remote, e, done);
  if (e.has_linked()) return link(common, remote, &Service::link, e, e.linked(), done);
  MNEMO_CHECK(e.has_unlinked());
  return link(common, remote, &Service::unlink, e, e.unlinked(), done);
}

Result<int> forget_remotely(const CommonOptions& common, const v1::Envelope& e, bool dry_run) {
  MNEMO_ASSIGN(Remote remote, Remote::connect(common));
  v1::ForgetByFilterRequest request;
  request.set_namespace_(e.namespace_());
  request.set_agent_id(e.agent_id());
  *request.mutable_filter() = e.forgotten_by_filter().filter();
  request.set_dry_run(dry_run);
  MNEMO_ASSIGN(const auto r, remote.ask(&Service::forget_by_filter, std::move(request), e.idempotency_key()));
  if (common.json) {
    Json json = dry_run ? Json{{"dry_run", true}} : common_json(r);
    json["count"] = r.forgotten();
    print_json(json);
    return kExitDone;
  }
  fmt::print("{} {}{}\n", dry_run ? "would forget" : "forgot", memories(r.forgotten()),
             r.pending() ? " so far: all are hidden, and the rest is being removed" : "");
  return kExitDone;
}

}  // namespace mnemo
