// File: server/service/asked.h
// NodeService's own: what an answer to a write must know of the request. Included by its source files alone.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "projector/store/memory_id.h"
#include "server/service/node_service.h"

namespace mnemo {

struct NodeService::Asked {
  Asked(const Call& call, const Result<v1::Envelope>& envelope) : may_read(call.principal->read) {
    if (!envelope) return;
    name_space = envelope->namespace_();
    agent_id = envelope->agent_id();
    key = envelope->idempotency_key();
    if (envelope->has_remembered()) memory_id = envelope->remembered().memory_id();
  }

  // Of a memory that is to be made by the event, as the projection will decide.
  std::string id_of(const Bytes16& event_id) const {
    if (!memory_id.empty()) return memory_id;
    return memory_id_text(key.empty() ? memory_key_from_event_id(event_id)
                                      : memory_key_from_idempotency_key(name_space, agent_id, key));
  }

  bool may_read;
  std::string name_space;
  std::string agent_id;
  std::string key;
  std::string memory_id;
};

// One view a partition for all that one answer shows.
class NodeService::Views {
 public:
  explicit Views(const Node& node) : node_(node) {}
  // Null: there is none to be had.
  const View* of(PartitionId partition) {
    const auto [at, fresh] = views_.try_emplace(partition);
    if (fresh) at->second = node_.view(partition).value_or(nullptr);
    return at->second.get();
  }

 private:
  const Node& node_;
  std::map<PartitionId, std::unique_ptr<View>> views_;
};

}  // namespace mnemo
