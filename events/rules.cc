#include "events/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "events/envelope.h"
#include "events/limits.h"
#include "events/validate_fields.h"

namespace mnemo {
namespace {

using validation::check_range;
using validation::Field;
using validation::invalid;

constexpr std::array kSupportedKinds = {
    v1::EVENT_KIND_REMEMBERED,
    v1::EVENT_KIND_UPDATED,
    v1::EVENT_KIND_FORGOTTEN,
    v1::EVENT_KIND_FORGOTTEN_BY_FILTER,
    v1::EVENT_KIND_ACCESSED,
    v1::EVENT_KIND_EMBEDDING_ATTACHED,
    v1::EVENT_KIND_LINKED,
    v1::EVENT_KIND_UNLINKED,
    v1::EVENT_KIND_EPOCH_STARTED,
    v1::EVENT_KIND_RULES_ACTIVATED,
    v1::EVENT_KIND_POLICY_UPDATED,
    v1::EVENT_KIND_TICKED,
    v1::EVENT_KIND_SKIP_RECORDED,
    v1::EVENT_KIND_OPERATION_STARTED,
    v1::EVENT_KIND_OPERATION_STEP_DONE,
    v1::EVENT_KIND_OPERATION_FINISHED,
};

constexpr std::string_view kRules = "rules";

Status check_limits(const v1::Limits& limits) {
  struct Bound {
    std::string_view name;
    uint32_t value;
    uint32_t most;
  };
  constexpr auto kEventBytes = static_cast<uint32_t>(limits::kEventBytesMax);
  const std::array bounds = {
      Bound{"limits.text_bytes", limits.text_bytes(), kEventBytes},
      Bound{"limits.content_bytes", limits.content_bytes(), kEventBytes},
      Bound{"limits.id_bytes", limits.id_bytes(), 1024},
      Bound{"limits.key_bytes", limits.key_bytes(), 1024},
      Bound{"limits.tags", limits.tags(), 1024},
      Bound{"limits.tag_bytes", limits.tag_bytes(), 1024},
      Bound{"limits.metadata_entries", limits.metadata_entries(), 1024},
      Bound{"limits.metadata_key_bytes", limits.metadata_key_bytes(), 1024},
      Bound{"limits.metadata_value_bytes", limits.metadata_value_bytes(), kEventBytes},
      Bound{"limits.embedding_dimensions", limits.embedding_dimensions(), 65536},
      Bound{"limits.access_entries", limits.access_entries(), 4096},
      Bound{"limits.filter_nodes", limits.filter_nodes(), 1024},
      Bound{"limits.filter_values", limits.filter_values(), 4096},
  };
  for (const Bound& bound : bounds) MNEMO_TRY(check_range({kRules, bound.name}, bound.value, 1, bound.most));
  return {};
}

// A build that meets the activation of a kind it has never heard of takes note of it, and stops only at the first event
// of that kind.
std::bitset<128> kinds_in(const v1::RulesActivated& event) {
  static_assert(kKindNumberMax < 128);
  std::bitset<128> kinds;
  for (const int kind : event.active_kinds()) kinds.set(static_cast<size_t>(kind));
  return kinds;
}

}  // namespace

Status validation::check_constants(const v1::RulesActivated& event) {
  MNEMO_TRY(check_range({kRules, "rules_version"}, event.rules_version(), 1, UINT32_MAX));
  MNEMO_TRY(check_range({kRules, "key_window"}, event.key_window(), 1, 1 << 20));
  MNEMO_TRY(check_range({kRules, "work_units_per_event"}, event.work_units_per_event(), 1, 1024));
  MNEMO_TRY(check_range({kRules, "digest_interval"}, event.digest_interval(), 1, 1 << 20));
  MNEMO_TRY(check_range({kRules, "links_per_memory_max"}, event.links_per_memory_max(), 1, 65536));
  for (const int kind : event.active_kinds()) {
    MNEMO_TRY(check_range({kRules, "active_kinds"}, kind, kKindNumberMin, kKindNumberMax));
  }
  return check_limits(event.limits());
}

v1::RulesActivated default_rules(uint32_t partition) {
  v1::RulesActivated rules;
  rules.set_partition(partition);
  rules.set_rules_version(1);
  for (const v1::EventKind kind : kSupportedKinds) rules.add_active_kinds(kind);
  rules.set_key_window(65536);
  rules.set_work_units_per_event(16);
  rules.set_digest_interval(4096);
  rules.set_links_per_memory_max(256);
  v1::Limits& limits = *rules.mutable_limits();
  limits.set_text_bytes(65536);
  limits.set_content_bytes(262144);
  limits.set_id_bytes(256);
  limits.set_key_bytes(256);
  limits.set_tags(64);
  limits.set_tag_bytes(256);
  limits.set_metadata_entries(64);
  limits.set_metadata_key_bytes(128);
  limits.set_metadata_value_bytes(4096);
  limits.set_embedding_dimensions(4096);
  limits.set_access_entries(1000);
  limits.set_filter_nodes(64);
  limits.set_filter_values(256);
  return rules;
}

bool kind_supported(v1::EventKind kind) {
  return std::find(kSupportedKinds.begin(), kSupportedKinds.end(), kind) != kSupportedKinds.end();
}

Result<Rules> next_rules(const Rules& before, const v1::RulesActivated& event) {
  MNEMO_TRY(validation::check_constants(event));
  if (event.rules_version() <= before.version) {
    return invalid({kRules, "rules_version"}, fmt::format("is {}, the one in force is {}: it must be greater",
                                                          event.rules_version(), before.version));
  }
  // A memory whose id became too long to be named could never be forgotten.
  if (event.limits().id_bytes() < before.limits.id_bytes()) {
    return invalid({kRules, "limits.id_bytes"}, fmt::format("is {}, the one in force is {}: it must not shrink",
                                                            event.limits().id_bytes(), before.limits.id_bytes()));
  }
  Rules rules{.version = event.rules_version(),
              .active_kinds = kinds_in(event),
              .key_window = event.key_window(),
              .work_units_per_event = event.work_units_per_event(),
              .digest_interval = event.digest_interval(),
              .links_per_memory_max = event.links_per_memory_max(),
              .limits = event.limits()};
  for (int number = kKindNumberMin; number <= kKindNumberMax; ++number) {
    const auto at = static_cast<size_t>(number);
    if (!before.active_kinds[at] || rules.active_kinds[at]) continue;
    return invalid({kRules, "active_kinds"}, fmt::format("lacks {} ({}), which is active: a kind is activated for good",
                                                         kind_name(static_cast<v1::EventKind>(number)), number));
  }
  return rules;
}

}  // namespace mnemo
