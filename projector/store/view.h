// File: projector/store/view.h
// One partition's state at one moment: what every read is answered from.
//
// A View is a RocksDB snapshot and the meta row read from it, so the position it tells is exactly the position of the
// data it shows. It sees no later write. Thread-compatible: one thread at a time; any number of views live at once.
// Holding one keeps old versions of rows on disk, and a failed store from being opened again: drop it when the answer
// is made. Must not outlive the StoreResources.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "events/envelope.h"
#include "events/hash.h"
#include "projector/store/index.h"
#include "projector/store/keys.h"
#include "projector/store/meta.h"
#include "projector/store/record.h"
#include "projector/store/rows.h"

namespace mnemo {

// An agent as a view knows it.
struct AgentRef {
  AgentOrd ord;
  uint32_t docs = 0;  // documents so far, dead ones included
};

// A memory's row: its current document, or the tombstone it left.
struct MemoryRow {
  // kAlias: no memory, but the key of one that has an id of its own; views show it as absent.
  enum class State : uint8_t { kLive = 0, kForgotten = 1, kExpired = 2, kAlias = 3 };
  State state = State::kLive;
  uint32_t doc = 0;
};

// A forget by filter that has not reached all of its documents yet. Documents from `next` to before `end` that match
// are forgotten already, for every read.
struct PendingForget {
  uint32_t next = 0;
  uint32_t end = 0;
  v1::Filter filter;
};

class View : public RowReader {
 public:
  virtual const Meta& meta() const = 0;
  virtual PartitionId partition() const = 0;

  // nullopt: the agent has no memories here.
  virtual Result<std::optional<AgentRef>> agent(std::string_view name_space, std::string_view agent_id) const = 0;
  virtual Result<std::optional<MemoryRow>> memory(AgentOrd ord, std::string_view memory_key) const = 0;
  // The record row of a document; `holder` keeps the bytes that `out` points into. NOT_FOUND past the last document.
  virtual Status record(AgentOrd ord, uint32_t doc, std::string& holder, Record& out) const = 0;
  // Those of several documents, in no order: calls `visit(i, record)` for docs[i], whose bytes live during the call
  // only, until it fails. NOT_FOUND as above.
  using VisitRecord = std::function<Status(size_t i, const Record& record)>;
  virtual Status records(AgentOrd ord, std::span<const uint32_t> docs, const VisitRecord& visit) const = 0;
  // Forgets by filter of this agent that are still at work.
  virtual Result<std::vector<PendingForget>> pending_forgets(AgentOrd ord) const = 0;
  virtual Result<std::unique_ptr<AgentIndex>> index(const AgentRef& agent) const = 0;
};

}  // namespace mnemo
