#include "server/reader.h"

#include "projector/store/memory_id.h"
#include "server/memory_links.h"
#include "server/remote.h"
#include "server/remote_messages.h"

namespace mnemo {
namespace {

class DirectoryReader final : public Reader {
 public:
  explicit DirectoryReader(std::unique_ptr<Session> session) : session_(std::move(session)) {}

  Result<Answer> retrieve(const RetrieveRequest& request) override {
    MNEMO_TRY(look(request.name_space, request.agent_id));
    return session_->engine().retrieve(*view_, request);
  }
  Result<Engine::Page> list(const ListRequest& r) override {
    MNEMO_TRY(look(r.scope.name_space, r.scope.agent_id));
    return session_->engine().list(*view_, r.scope.name_space, r.scope.agent_id, r.filter, r.limit, r.cursor);
  }
  Result<Json> get(const ScopeOptions& scope, const std::string& id) override {
    MNEMO_TRY(look(scope.name_space, scope.agent_id));
    MNEMO_ASSIGN(const Memory memory, session_->engine().get(*view_, scope.name_space, scope.agent_id, id));
    MNEMO_ASSIGN(const MemoryLinks links,
                 links_of(session_->engine(), *view_, Scope{scope.name_space, scope.agent_id}, memory.id));
    Json json = json_from(memory);
    json["links"] = Json::array();
    json["linked_from"] = Json::array();
    for (const Link& link : links.from) {
      json["links"].push_back({{"type", link.type}, {"to", memory_id_text(link.to)}});
    }
    for (const Link& link : links.to) {
      json["linked_from"].push_back({{"type", link.type}, {"from", memory_id_text(link.from)}});
    }
    return json;
  }
  Result<std::vector<Memory>> history(const ScopeOptions& scope, const std::string& id) override {
    MNEMO_TRY(look(scope.name_space, scope.agent_id));
    return session_->engine().history(*view_, scope.name_space, scope.agent_id, id);
  }
  void mark_behind(Json& json) const override {
    if (view_) mnemo::mark_behind(json, *session_, view_->partition());
  }
  Status close() override {
    view_.reset();
    return session_->close();
  }

 private:
  Status look(const std::string& name_space, const std::string& agent_id) {
    MNEMO_ASSIGN(view_, session_->view(name_space, agent_id));
    return {};
  }

  std::unique_ptr<Session> session_;
  std::unique_ptr<View> view_;  // of the last answer
};

// A message with the scope that it is about.
template <typename Message>
Message scoped(const ScopeOptions& scope) {
  Message message;
  message.set_namespace_(scope.name_space);
  message.set_agent_id(scope.agent_id);
  return message;
}

class ServerReader final : public Reader {
 public:
  explicit ServerReader(Remote remote) : remote_(std::move(remote)) {}

  Result<Answer> retrieve(const RetrieveRequest& r) override {
    auto message = scoped<v1::RetrieveRequest>({r.name_space, r.agent_id});
    message.set_query(r.query);
    message.set_limit(r.limit);
    if (r.filter) *message.mutable_filter() = *r.filter;
    message.set_explain(r.explain);
    message.set_context_token_budget(r.context_token_budget);
    MNEMO_ASSIGN(const auto answer, remote_.ask(&Service::retrieve, std::move(message)));
    degraded_ = answer.degraded();
    return answer_from(answer);
  }
  Result<Engine::Page> list(const ListRequest& r) override {
    auto message = scoped<v1::ListMemoriesRequest>(r.scope);
    message.set_limit(r.limit);
    message.set_cursor(r.cursor);
    if (r.filter) *message.mutable_filter() = *r.filter;
    MNEMO_ASSIGN(const auto page, remote_.ask(&Service::list, std::move(message)));
    degraded_ = page.degraded();
    return page_from(page);
  }
  Result<Json> get(const ScopeOptions& scope, const std::string& id) override {
    auto message = scoped<v1::GetMemoryRequest>(scope);
    message.set_id(id);
    MNEMO_ASSIGN(const auto answer, remote_.ask(&Service::get, std::move(message)));
    return json_from(memory_from(answer.memory()));
  }
  Result<std::vector<Memory>> history(const ScopeOptions& scope, const std::string& id) override {
    auto message = scoped<v1::GetHistoryRequest>(scope);
    message.set_id(id);
    MNEMO_ASSIGN(const auto answer, remote_.ask(&Service::history, std::move(message)));
    std::vector<Memory> versions;
    for (const v1::Memory& version : answer.versions()) versions.push_back(memory_from(version));
    return versions;
  }
  void mark_behind(Json& json) const override {
    if (degraded_) json["degraded"] = true;
  }

 private:
  Remote remote_;
  bool degraded_ = false;  // the last answer
};

}  // namespace

Result<std::unique_ptr<Reader>> Reader::open(const CommonOptions& options) {
  if (options.on_server) {
    MNEMO_ASSIGN(Remote remote, Remote::connect(options));
    return std::make_unique<ServerReader>(std::move(remote));
  }
  MNEMO_ASSIGN(auto session, Session::open(options, Access::kRead));
  return std::make_unique<DirectoryReader>(std::move(session));
}

}  // namespace mnemo
