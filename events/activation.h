// File: events/activation.h
// How a log that an older build made gets the kinds of events that this one adds: docs/decisions/0015.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "events/clock.h"
#include "events/log.h"
#include "events/rules.h"
#include "events/uuid.h"

namespace mnemo {

// The activation that adds every kind that this build applies to the rules in force, whose constants it keeps. nullopt:
// nothing is to be added.
std::optional<v1::RulesActivated> next_activation(const Rules& in_force, PartitionId partition);

// Names of the kinds of one log: those that are active on each of its partitions, and those that this build applies and
// some partition does not have active.
struct KindsOfLog {
  std::vector<std::string_view> active;
  std::vector<std::string_view> missing;
};
KindsOfLog kinds_of(std::span<const Rules> in_force);

// Appends it to each partition that lacks a kind, and tells which those are: none, as a rule. `in_force`: the rules of
// each partition at its log's end, or nothing comes of it. Older builds cannot follow the log once it holds an event of
// the new kinds, so whoever calls this says so to whom it concerns. FAILED_PRECONDITION when a partition has no rules
// yet; the log's errors.
Result<std::vector<PartitionId>> activate_rules(Log& log, std::span<const Rules> in_force, const Clock& clock,
                                                UuidGenerator& ids);

}  // namespace mnemo
