#include "events/uuid.h"
#include "projector/store/memory_id.h"
#include "query/engine.h"

namespace mnemo {

Memory memory_from(const Record& record, std::string_view name_space, std::string_view agent_id) {
  MNEMO_CHECK(!record.stub);
  Memory memory;
  memory.id = memory_id_text(record.memory_key);
  memory.name_space = name_space;
  memory.agent_id = agent_id;
  memory.version = record.version;
  memory.text = record.text;
  memory.session_id = record.session_id;
  memory.speaker = record.speaker;
  memory.memory_class = class_name(record.memory_class);
  memory.kind = record.kind;
  memory.tier = tier_name(record.tier);
  memory.tags.assign(record.tags.begin(), record.tags.end());
  for (const MetadataView& entry : record.metadata) {
    memory.metadata.push_back(
        {std::string(entry.key), entry.type, std::string(entry.text), entry.number_bits, entry.flag});
  }
  memory.content = record.content;
  memory.source = record.source;
  memory.observed_at_ms = record.observed_at_ms;
  memory.created_at_ms = record.created_at_ms;
  memory.recorded_at_ms = record.recorded_at_ms;
  memory.expires_at_ms = record.expires_at_ms;
  memory.importance = record.importance;
  memory.pinned = record.pinned;
  memory.event_id = uuid_text(record.event_id);
  return memory;
}

}  // namespace mnemo
