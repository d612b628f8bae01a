#include "projector/store/meta.h"

#include "events/coding.h"

namespace mnemo {
namespace {

constexpr uint8_t kMetaFormat = 2;

void put_digest(std::string& out, const Digest& d) {
  put_be64(out, d.high);
  put_be64(out, d.low);
}
Digest digest(Decoder& in) {
  Digest d;
  d.high = in.be64();
  d.low = in.be64();
  return d;
}
void put_raw16(std::string& out, const Bytes16& b) { out.append(reinterpret_cast<const char*>(b.data()), b.size()); }
void raw16(Decoder& in, Bytes16& b) {
  const std::string_view view = in.raw(b.size());
  if (view.size() == b.size()) std::memcpy(b.data(), view.data(), b.size());
}

void put_counters(std::string& out, const Counters& c) {
  for (const uint64_t n :
       {c.applied, c.rejected, c.duplicates, c.conflicts, c.control, c.memories, c.expired, c.forgotten}) {
    put_varint(out, n);
  }
  for (const uint64_t n : c.skipped) put_varint(out, n);
}
void read_counters(Decoder& in, Counters& c) {
  for (uint64_t* n :
       {&c.applied, &c.rejected, &c.duplicates, &c.conflicts, &c.control, &c.memories, &c.expired, &c.forgotten}) {
    *n = in.varint();
  }
  for (uint64_t& n : c.skipped) n = in.varint();
}

}  // namespace

void encode_meta(const Meta& m, std::string& out) {
  out.push_back(static_cast<char>(kMetaFormat));
  put_raw16(out, m.log_id);
  put_raw16(out, m.fingerprint_check);
  put_raw16(out, m.last_event_id);
  put_varint(out, m.epoch);
  put_varint(out, m.next_offset);
  put_varint(out, m.last_offset);
  put_be64(out, m.last_checksum);
  put_varint(out, m.seq);
  put_varint(out, zigzag(m.event_time_ms));
  put_digest(out, m.state);
  put_digest(out, m.content);
  put_varint(out, m.next_ord);
  put_varint(out, m.pending_first);
  put_varint(out, m.pending_next);
  put_varint(out, m.pending_forgets);
  for (const uint64_t n : {m.index.first, m.index.next, m.index.turns}) put_varint(out, n);
  put_varint(out, m.outbox_next);
  out.push_back(m.expiry_due ? 1 : 0);
  put_counters(out, m.counters);
}

Status decode_meta(std::string_view row, Meta& m) {
  Decoder in(row);
  const uint8_t format = in.u8();
  raw16(in, m.log_id);
  raw16(in, m.fingerprint_check);
  raw16(in, m.last_event_id);
  m.epoch = static_cast<uint32_t>(in.varint());
  m.next_offset = in.varint();
  m.last_offset = in.varint();
  m.last_checksum = in.be64();
  m.seq = in.varint();
  m.event_time_ms = in.zigzag64();
  m.state = digest(in);
  m.content = digest(in);
  m.next_ord = static_cast<uint32_t>(in.varint());
  m.pending_first = in.varint();
  m.pending_next = in.varint();
  m.pending_forgets = in.varint();
  for (uint64_t* n : {&m.index.first, &m.index.next, &m.index.turns}) *n = in.varint();
  m.outbox_next = in.varint();
  m.expiry_due = in.u8() != 0;
  read_counters(in, m.counters);
  if (format != kMetaFormat || !in.done()) {
    return fail(Code::kDataLoss, "the meta row of a projection is damaged: rebuild the projection from the log");
  }
  return {};
}

void encode_points(const std::vector<DigestPoint>& points, std::string& out) {
  put_varint(out, points.size());
  for (const DigestPoint& p : points) {
    put_varint(out, p.seq);
    put_varint(out, p.offset);
    put_digest(out, p.state);
    put_digest(out, p.content);
    out.push_back(p.settled ? 1 : 0);
  }
}

Status decode_points(std::string_view row, std::vector<DigestPoint>& points) {
  Decoder in(row);
  const uint64_t count = in.varint();
  points.clear();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    DigestPoint p;
    p.seq = in.varint();
    p.offset = in.varint();
    p.state = digest(in);
    p.content = digest(in);
    p.settled = in.u8() != 0;
    points.push_back(p);
  }
  if (!in.done())
    return fail(Code::kDataLoss, "the digest points of a projection are damaged: rebuild it from the log");
  return {};
}

}  // namespace mnemo
