#include "projector/store/policy.h"

#include "events/coding.h"
#include "projector/store/keys.h"

namespace mnemo {

std::string policy_key(std::string_view name_space) { return keys::start(keys::Row::kPolicy).append(name_space); }

void encode_policy(const Policy& policy, std::string& out) {
  put_varint(out, policy.version);
  put_varint(out, zigzag(policy.ttl_ms));
  out.push_back(policy.record_access ? 1 : 0);
}

Result<Policy> read_policy(const RowReader& rows, std::string_view name_space) {
  Policy policy;
  std::string row;
  MNEMO_ASSIGN(const bool found, rows.get(policy_key(name_space), row));
  if (!found) return policy;
  Decoder in(row);
  policy.version = static_cast<uint32_t>(in.varint());
  policy.ttl_ms = in.zigzag64();
  policy.record_access = in.u8() != 0;
  if (in.done()) return policy;
  return fail(Code::kDataLoss, "a policy row is damaged: rebuild the projection from the log");
}

}  // namespace mnemo
