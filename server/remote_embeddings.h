// File: server/remote_embeddings.h
// Which embeddings a server holds, so that an import knows those of its lines that are there already: no read but an
// export shows them.
//
// For one thread. An agent is read once, when it is first asked about; a hash of each embedding is kept.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "server/remote.h"

namespace mnemo {

class RemoteEmbeddings {
 public:
  // `remote` outlives it.
  explicit RemoteEmbeddings(Remote& remote) : remote_(remote) {}

  // Whether an export would say this embedding of the memory. The server's error where it does not tell.
  Result<bool> hold(const v1::Envelope& line, const std::string& memory_id, const v1::Embedding& embedding);

 private:
  using Hashes = std::set<Bytes16>;
  using Agent = std::pair<std::string, std::string>;

  Result<Hashes> read(const Agent& agent);

  Remote& remote_;
  std::map<Agent, Hashes> agents_;
};

}  // namespace mnemo
