// A partition in plain vectors and maps, behind the interfaces that query/ reads: each answer is found by looking at
// every record. What the real rows answer must be the same.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "projector/store/view.h"
#include "tests/query/drafts.h"

namespace mnemo::query_test {

inline const std::string kNamespace = "acme";
inline const std::string kAgent = "nina-helper";

class ModelView final : public View {
 public:
  struct Doc {
    std::string row;
    bool live = true;
  };

  ModelView() { meta_.epoch = 1; }

  // A new memory, or a new version of the one with this id. Returns its document.
  uint32_t put(const Draft& draft, const std::string& agent_id = kAgent);
  void forget(const std::string& id, const std::string& agent_id = kAgent);
  // A forget by filter over all documents so far that has come to `next`; nothing of it is removed yet.
  void forget_later(const v1::Filter& filter, uint32_t next, const std::string& agent_id = kAgent);

  Meta& mutable_meta() { return meta_; }
  // The columns of the index cannot be read: what was asked of them is not to be trusted.
  void fail_columns(Error error) { columns_ = fail(std::move(error)); }
  // Breaks what rows guarantee.
  Doc& mutable_doc(uint32_t doc, const std::string& agent_id = kAgent);

  const Meta& meta() const override { return meta_; }
  PartitionId partition() const override { return PartitionId(3); }
  Result<std::optional<AgentRef>> agent(std::string_view name_space, std::string_view agent_id) const override;
  Result<std::optional<MemoryRow>> memory(AgentOrd ord, std::string_view memory_key) const override;
  Status record(AgentOrd ord, uint32_t doc, std::string& holder, Record& out) const override;
  Status records(AgentOrd ord, std::span<const uint32_t> docs, const VisitRecord& visit) const override;
  Result<std::vector<PendingForget>> pending_forgets(AgentOrd ord) const override;
  Result<std::unique_ptr<AgentIndex>> index(const AgentRef& agent) const override;

  // Nobody reads its rows.
  Result<bool> get(std::string_view, std::string&) const override { return no_rows(); }
  Status scan(std::string_view, std::string_view, const Visit&) const override { return no_rows(); }
  Result<bool> last(std::string_view, std::string_view, std::string&, std::string&) const override { return no_rows(); }

 private:
  struct Agent {
    std::vector<Doc> docs;
    std::map<std::string, MemoryRow, std::less<>> memories;
    std::vector<PendingForget> forgets;
  };
  static tl::unexpected<Error> no_rows() { return fail(Code::kUnimplemented, "the model has no rows"); }
  Agent& agent_of(const std::string& agent_id);

  Meta meta_;
  Status columns_;
  std::map<std::string, AgentOrd, std::less<>> ords_;
  std::vector<Agent> agents_;
};

}  // namespace mnemo::query_test
