#include "query/engine.h"
#include "query/lookup.h"

namespace mnemo {

Result<std::vector<Memory>> Engine::history(const View& view, std::string_view name_space, std::string_view agent_id,
                                            std::string_view id) const {
  CurrentVersion current;
  MNEMO_TRY(find_current(view, {name_space, agent_id}, id, std::nullopt, current));
  std::vector<Memory> versions{memory_from(current.record, name_space, agent_id)};
  const std::string key(current.record.memory_key);
  while (current.record.version > 1) {
    const uint32_t newer = current.record.version;
    MNEMO_TRY(view.record(current.ord, current.record.previous_doc, current.row, current.record));
    if (current.record.stub) break;  // what was purged takes everything older with it
    // Going down at every step is also what ends the walk.
    if (current.record.version >= newer || current.record.memory_key != key) {
      return fail(Code::kDataLoss, "version " + std::to_string(newer) +
                                       " of a memory names a predecessor that is not one: run `mnemo verify`, then "
                                       "rebuild the projection from the log");
    }
    versions.push_back(memory_from(current.record, name_space, agent_id));
    versions.back().superseded = true;
  }
  return versions;
}

}  // namespace mnemo
