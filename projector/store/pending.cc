#include "projector/store/pending.h"

#include "events/coding.h"

namespace mnemo {

void encode_pending(const PendingWork& work, std::string& out) {
  out.push_back(static_cast<char>(work.type));
  put_varint(out, work.ord.value);
  put_varint(out, work.doc);
  put_varint(out, work.end);
  put_varint(out, work.count);
  put_varint(out, zigzag(work.time_ms));
  out.append(reinterpret_cast<const char*>(work.event_id.data()), work.event_id.size());
  put_bytes(out, work.memory_key);
  out.push_back(work.records_done ? 1 : 0);
  put_bytes(out, work.filter.SerializeAsString());
}

Status decode_pending(std::string_view row, PendingWork& out) {
  Decoder in(row);
  out.type = static_cast<PendingWork::Type>(in.u8());
  out.ord = AgentOrd(static_cast<uint32_t>(in.varint()));
  out.doc = static_cast<uint32_t>(in.varint());
  out.end = static_cast<uint32_t>(in.varint());
  out.count = in.varint();
  out.time_ms = in.zigzag64();
  const std::string_view id = in.raw(out.event_id.size());
  if (id.size() == out.event_id.size()) std::memcpy(out.event_id.data(), id.data(), id.size());
  out.memory_key = in.bytes();
  out.records_done = in.u8() != 0;
  const std::string_view filter = in.bytes();
  const bool known = out.type == PendingWork::Type::kPurge || out.type == PendingWork::Type::kForgetByFilter;
  if (!known || !in.done() || !out.filter.ParseFromArray(filter.data(), static_cast<int>(filter.size()))) {
    return fail(Code::kDataLoss, "a row of the pending queue is damaged: rebuild the projection from the log");
  }
  return {};
}

}  // namespace mnemo
