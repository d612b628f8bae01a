#include "events/activation.h"

#include <algorithm>

#include "events/envelope.h"

namespace mnemo {

std::optional<v1::RulesActivated> next_activation(const Rules& in_force, PartitionId partition) {
  v1::RulesActivated next = default_rules(partition.value);
  bool adds = false;
  for (const int kind : next.active_kinds()) adds = adds || !in_force.active(static_cast<v1::EventKind>(kind));
  if (!adds) return std::nullopt;
  next.set_rules_version(in_force.version + 1);
  next.set_key_window(in_force.key_window);
  next.set_work_units_per_event(in_force.work_units_per_event);
  next.set_digest_interval(in_force.digest_interval);
  next.set_links_per_memory_max(in_force.links_per_memory_max);
  *next.mutable_limits() = in_force.limits;
  // Those of a build that is newer still stay.
  for (int number = kKindNumberMin; number <= kKindNumberMax; ++number) {
    const auto kind = static_cast<v1::EventKind>(number);
    if (in_force.active_kinds[static_cast<size_t>(number)] && !kind_supported(kind)) next.add_active_kinds(kind);
  }
  return next;
}

KindsOfLog kinds_of(std::span<const Rules> in_force) {
  KindsOfLog kinds;
  for (int number = kKindNumberMin; number <= kKindNumberMax; ++number) {
    const auto kind = static_cast<v1::EventKind>(number);
    const bool known = v1::EventKind_IsValid(number);
    const bool active = std::ranges::all_of(in_force, [kind](const Rules& rules) { return rules.active(kind); });
    if (known && active) kinds.active.push_back(kind_name(kind));
    if (known && !active && kind_supported(kind)) kinds.missing.push_back(kind_name(kind));
  }
  return kinds;
}

Result<std::vector<PartitionId>> activate_rules(Log& log, std::span<const Rules> in_force, const Clock& clock,
                                                UuidGenerator& ids) {
  MNEMO_CHECK(in_force.size() == log.identity().partitions);
  std::vector<PartitionId> activated;
  std::vector<NewRecord> records;
  for (uint32_t p = 0; p < in_force.size(); ++p) {
    if (in_force[p].version == 0) {
      return fail(Code::kFailedPrecondition,
                  "partition " + std::to_string(p) + " has no rules yet: apply its log first, or found it");
    }
    std::optional<v1::RulesActivated> next = next_activation(in_force[p], PartitionId(p));
    if (!next) continue;
    v1::Envelope envelope;
    const Bytes16 id = ids.next();
    envelope.set_event_id(std::string(id.begin(), id.end()));
    envelope.set_schema_version(kSchemaVersion);
    envelope.set_recorded_at_ms(clock.now_ms());
    *envelope.mutable_rules_activated() = *std::move(next);
    records.push_back(make_record(envelope, log.identity().partitions));
    activated.emplace_back(p);
  }
  if (records.empty()) return activated;
  MNEMO_ASSIGN(const auto appended, append_and_wait(log, std::move(records)));
  MNEMO_CHECK(appended.size() == activated.size());
  return activated;
}

}  // namespace mnemo
