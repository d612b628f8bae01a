#include "projector/store/pending.h"

#include "events/coding.h"
#include "projector/store/keys.h"

namespace mnemo {

void encode_pending(const PendingWork& work, std::string& out) {
  out.push_back(static_cast<char>(work.type));
  put_varint(out, work.ord.value);
  put_varint(out, work.doc);
  put_varint(out, work.end);
  put_varint(out, work.count);
  put_varint(out, zigzag(work.time_ms));
  out.append(reinterpret_cast<const char*>(work.event_id.data()), work.event_id.size());
  put_bytes(out, work.key);
  out.push_back(work.records_done ? 1 : 0);
  put_bytes(out, work.last_link);
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
  out.key = in.bytes();
  out.records_done = in.u8() != 0;
  out.last_link = in.bytes();
  const bool known = out.type == PendingWork::Type::kPurge || out.type == PendingWork::Type::kForgetByFilter;
  if (!known || !in.done()) {
    return fail(Code::kDataLoss, "a row of the pending queue is damaged: rebuild the projection from the log");
  }
  return {};
}

namespace {

// Fills `out` from the row of the filter and that of its work.
Status read_pending_filter(const RowReader& rows, AgentOrd ord, std::string_view filter, PendingFilter& out) {
  std::string row;
  MNEMO_ASSIGN(const bool found, rows.get(keys::of_sequence(keys::Row::kPending, out.number), row));
  if (found) MNEMO_TRY(decode_pending(row, out.work));
  const bool fits = found && out.work.type == PendingWork::Type::kForgetByFilter && out.work.ord == ord;
  if (!fits || !out.filter.ParseFromArray(filter.data(), static_cast<int>(filter.size()))) {
    return fail(Code::kDataLoss, "the pending forget " + std::to_string(out.number) + " of agent number " +
                                     std::to_string(ord.value) + " is damaged: rebuild the projection from the log");
  }
  out.bytes = filter.size();
  return {};
}

}  // namespace

Result<std::vector<PendingFilter>> read_pending_filters(const RowReader& rows, AgentOrd ord) {
  std::vector<PendingFilter> filters;
  Status read;
  const std::string from = keys::of_agent(keys::Row::kForget, ord);
  MNEMO_TRY(rows.scan(from, prefix_end(from), [&](std::string_view key, std::string_view filter) {
    PendingFilter& next = filters.emplace_back();
    next.number = Decoder(key.substr(from.size())).be64();
    read = read_pending_filter(rows, ord, filter, next);
    return read.has_value();
  }));
  MNEMO_TRY(std::move(read));
  return filters;
}

}  // namespace mnemo
