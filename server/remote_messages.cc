#include "server/remote_messages.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "projector/store/record.h"
#include "server/service/messages.h"

namespace mnemo {
namespace {

using google::protobuf::util::TimeUtil;

constexpr double kThousandths = 1000;

TimestampMs ms_of(const google::protobuf::Timestamp& time) { return TimeUtil::TimestampToMilliseconds(time); }

v1::MetadataValue value_from(const v1::MetadataEntry& entry) {
  v1::MetadataValue value;
  if (entry.has_text()) value.set_text(entry.text().plain());
  if (entry.has_number()) value.set_number(entry.number());
  if (entry.has_flag()) value.set_flag(entry.flag());
  return value;
}

v1::EmbeddingInput embedding_from(const v1::Embedding& embedding) {
  v1::EmbeddingInput input;
  input.set_model(embedding.model());
  const std::string& bytes = embedding.values_f32_le();
  for (size_t at = 0; at + sizeof(float) <= bytes.size(); at += sizeof(float)) {
    uint32_t bits = 0;
    for (size_t i = 0; i < sizeof(float); ++i) {
      bits |= static_cast<uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
    input.add_values(std::bit_cast<float>(bits));
  }
  return input;
}

Memory::MetadataValue entry_from(const std::string& key, const v1::MetadataValue& value) {
  Memory::MetadataValue entry{key, MetadataView::Type::kText, value.text(), 0, false};
  if (value.value_case() == v1::MetadataValue::kNumber) {
    entry.type = MetadataView::Type::kNumber;
    entry.number_bits = std::bit_cast<uint64_t>(value.number());
  } else if (value.value_case() == v1::MetadataValue::kFlag) {
    entry.type = MetadataView::Type::kFlag;
    entry.flag = value.flag();
  }
  return entry;
}

}  // namespace

v1::MemoryInput memory_input_from(const v1::Envelope& envelope) {
  const v1::Remembered& e = envelope.remembered();
  v1::MemoryInput input;
  input.set_namespace_(envelope.namespace_());
  input.set_agent_id(envelope.agent_id());
  input.set_idempotency_key(envelope.idempotency_key());
  input.set_id(e.memory_id());
  input.set_text(e.text().plain());
  input.set_session_id(e.session_id());
  input.set_speaker(e.speaker());
  input.set_class_(e.class_());
  input.set_kind(e.kind());
  *input.mutable_tags() = e.tags();
  for (const v1::MetadataEntry& entry : e.metadata()) (*input.mutable_metadata())[entry.key()] = value_from(entry);
  input.set_content(e.content().plain());
  input.set_source(e.source());
  if (e.has_observed_at_ms()) set_time(e.observed_at_ms(), *input.mutable_observed_at());
  if (e.has_expires_at_ms()) set_time(e.expires_at_ms(), *input.mutable_expires_at());
  if (e.has_importance()) input.set_importance(e.importance() / kThousandths);
  input.set_pinned(e.pinned());
  if (e.has_embedding()) *input.mutable_embedding() = embedding_from(e.embedding());
  input.set_tier(e.tier());
  return input;
}

Memory memory_from(const v1::Memory& message) {
  Memory memory;
  memory.id = message.id();
  memory.name_space = message.namespace_();
  memory.agent_id = message.agent_id();
  memory.version = message.version();
  memory.text = message.text();
  memory.session_id = message.session_id();
  memory.speaker = message.speaker();
  memory.memory_class = class_name(static_cast<uint8_t>(message.class_()));
  memory.kind = message.kind();
  memory.tier = tier_name(static_cast<uint8_t>(message.tier()));
  memory.tags.assign(message.tags().begin(), message.tags().end());
  for (const auto& [key, value] : message.metadata()) memory.metadata.push_back(entry_from(key, value));
  std::ranges::sort(memory.metadata, {}, &Memory::MetadataValue::key);  // a map has no order
  memory.content = message.content();
  memory.source = message.source();
  memory.observed_at_ms = ms_of(message.observed_at());
  memory.created_at_ms = ms_of(message.created_at());
  memory.recorded_at_ms = ms_of(message.recorded_at());
  memory.expires_at_ms = message.has_expires_at() ? ms_of(message.expires_at()) : 0;
  memory.importance =
      message.has_importance() ? static_cast<int32_t>(std::lround(message.importance() * kThousandths)) : -1;
  memory.pinned = message.pinned();
  memory.superseded = message.superseded();
  memory.event_id = message.event_id();
  return memory;
}

}  // namespace mnemo
