#include "projector/store/outbox.h"

#include "events/coding.h"

namespace mnemo {

void encode_outbox(const OutboxBatch& batch, std::string& out) {
  put_varint(out, batch.epoch);
  put_varint(out, batch.next_offset);
  put_varint(out, batch.invalidations.size());
  for (const Invalidation& i : batch.invalidations) {
    put_varint(out, i.offset);
    put_varint(out, i.n);
    put_bytes(out, i.name_space);
    put_bytes(out, i.agent_id);
    out.push_back(static_cast<char>(i.tier));
  }
  put_varint(out, batch.dead_letters.size());
  for (const DeadLetter& letter : batch.dead_letters) {
    put_varint(out, letter.offset);
    encode_skip(letter, out);
  }
}

Status decode_outbox(std::string_view row, OutboxBatch& out) {
  Decoder in(row);
  out = OutboxBatch{};
  out.epoch = static_cast<uint32_t>(in.varint());
  out.next_offset = in.varint();
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    Invalidation& i = out.invalidations.emplace_back();
    i.offset = in.varint();
    i.n = static_cast<uint32_t>(in.varint());
    i.name_space = in.bytes();
    i.agent_id = in.bytes();
    i.tier = in.u8();
  }
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    DeadLetter& letter = out.dead_letters.emplace_back();
    letter.offset = in.varint();
    letter.reason = static_cast<SkipReason>(in.u8());
    letter.why = in.bytes();
  }
  if (!in.done()) return fail(Code::kDataLoss, "an outbox row is damaged: rebuild the projection from the log");
  return {};
}

void encode_skip(const DeadLetter& letter, std::string& out) {
  out.push_back(static_cast<char>(letter.reason));
  put_bytes(out, letter.why);
}

Status decode_skip(std::string_view key, std::string_view row, DeadLetter& out) {
  Decoder number(key.substr(1));
  Decoder in(row);
  out.offset = number.be64();
  out.reason = static_cast<SkipReason>(in.u8());
  out.why = in.bytes();
  if (!number.done() || !in.done()) {
    return fail(Code::kDataLoss, "a skip row is damaged: rebuild the projection from the log");
  }
  return {};
}

}  // namespace mnemo
