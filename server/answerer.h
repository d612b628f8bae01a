// File: server/answerer.h
// Who answers a command: a server, or the directory that it opens. The same messages either way, so that a command
// prints the same whoever answers.
//
//   MNEMO_ASSIGN(Answerer answerer, Answerer::open(common, Access::kRead));
//   MNEMO_ASSIGN(const auto page, answerer.ask(&Service::list, request));
//   MNEMO_TRY(answerer.close());
//
// For one thread.
#pragma once

#include <memory>
#include <string>

#include "server/cli.h"
#include "server/remote.h"

namespace mnemo {

class Answerer {
 public:
  // By what the options name; `access` is to a directory.
  static Result<Answerer> open(const CommonOptions& options, Access access);

  template <typename Request, typename Response>
  Result<Response> ask(void (Service::*method)(const Call&, Request, Reply<Response>), Request request,
                       const std::string& key = {}) {
    return asked_.ask(method, std::move(request), key);
  }
  template <typename Response>
  Result<Response> ask(void (Service::*method)(const Call&, Reply<Response>)) {
    return asked_.ask(method);
  }

  // Null where a server answers.
  Session* session() { return session_.get(); }
  // Adds `halted`, the cause, to what a directory answered about an agent whose partition stands still. A server says
  // `degraded`, and no more.
  void mark_behind(Json& json, const ScopeOptions& scope) const;

  Status close();

 private:
  Answerer(std::unique_ptr<Session> session, Remote asked) : session_(std::move(session)), asked_(std::move(asked)) {}

  std::unique_ptr<Session> session_;
  Remote asked_;
};

}  // namespace mnemo
