// File: projector/store/policy.h
// The policy of a namespace, as its row holds it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "events/result.h"
#include "projector/store/rows.h"

namespace mnemo {

struct Policy {
  uint32_t version = 0;  // 0: none was ever set, and the default is in force
  int64_t ttl_ms = 0;
  bool record_access = false;
};

std::string policy_key(std::string_view name_space);
void encode_policy(const Policy& policy, std::string& out);
// The one in force in these rows, views among them. DATA_LOSS: the row is damaged.
Result<Policy> read_policy(const RowReader& rows, std::string_view name_space);

}  // namespace mnemo
