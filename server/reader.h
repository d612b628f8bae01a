// File: server/reader.h
// Who answers the reads of a command: a directory that it opens, or a server.
//
// Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "query/engine.h"
#include "server/cli.h"

namespace mnemo {

class Reader {
 public:
  // By what the options name.
  static Result<std::unique_ptr<Reader>> open(const CommonOptions& options);
  virtual ~Reader() = default;

  struct ListRequest {
    ScopeOptions scope;
    std::optional<v1::Filter> filter;
    uint32_t limit = 100;
    std::string cursor;
  };

  virtual Result<Answer> retrieve(const RetrieveRequest& request) = 0;
  virtual Result<Engine::Page> list(const ListRequest& request) = 0;
  // With its links, where they are told.
  virtual Result<Json> get(const ScopeOptions& scope, const std::string& id) = 0;
  virtual Result<std::vector<Memory>> history(const ScopeOptions& scope, const std::string& id) = 0;

  // Adds why the last answer shows less than was remembered, where it does.
  virtual void mark_behind(Json& json) const = 0;
  virtual Status close() { return {}; }
};

}  // namespace mnemo
