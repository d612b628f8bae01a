#include "manager/admission.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace mnemo {

namespace {

constexpr uint32_t kRetryAfterMsMin = 1;
constexpr uint32_t kRetryAfterMsMax = 30'000;
constexpr uint32_t kRetryAfterMsUnknown = 100;

Cost counted(const Cost& cost) { return {std::max<uint64_t>(cost.items, 1), cost.bytes}; }

void add(Usage& usage, const Cost& cost) {
  ++usage.tasks;
  usage.items += cost.items;
  usage.bytes += cost.bytes;
}

void subtract_from(Usage& usage, const Cost& cost) {
  MNEMO_CHECK(usage.tasks > 0 && usage.items >= cost.items && usage.bytes >= cost.bytes);
  --usage.tasks;
  usage.items -= cost.items;
  usage.bytes -= cost.bytes;
}

// Usage keeps within its bounds, so the differences do not wrap around.
std::optional<Refusal> over(const Cost& cost, const Usage& usage, const Bounds& bounds, NotRunCause items,
                            NotRunCause bytes) {
  if (cost.items > bounds.items) return Refusal{NotRunCause::kTooLarge, cost.items, bounds.items};
  if (cost.bytes > bounds.bytes) return Refusal{NotRunCause::kTooLarge, cost.bytes, bounds.bytes, "bytes"};
  if (cost.items > bounds.items - usage.items) return Refusal{items, usage.items, bounds.items};
  if (cost.bytes > bounds.bytes - usage.bytes) return Refusal{bytes, usage.bytes, bounds.bytes, "bytes"};
  return std::nullopt;
}

NotRun exhausted(const Refusal& refusal, std::string_view whose, uint32_t retry_after_ms) {
  return {refusal.cause,
          {Code::kResourceExhausted,
           fmt::format("{} has {} {} waiting, of at most {}: try again in {} ms", whose, refusal.has, refusal.unit,
                       refusal.max, retry_after_ms),
           true},
          retry_after_ms};
}

}  // namespace

NotRun describe(const Refusal& refusal, const Task& task, uint32_t retry_after_ms) {
  const auto name_space = [&] { return fmt::format("namespace '{}'", task.name_space); };
  const auto agent = [&] { return fmt::format("agent '{}' of namespace '{}'", task.agent_id, task.name_space); };
  switch (refusal.cause) {
    case NotRunCause::kProcessItems: return exhausted(refusal, "the server", retry_after_ms);
    case NotRunCause::kProcessBytes: return exhausted(refusal, "the server", retry_after_ms);
    case NotRunCause::kNamespaceItems: return exhausted(refusal, name_space(), retry_after_ms);
    case NotRunCause::kNamespaceBytes: return exhausted(refusal, name_space(), retry_after_ms);
    case NotRunCause::kAgentItems: return exhausted(refusal, agent(), retry_after_ms);
    case NotRunCause::kAgentBytes: return exhausted(refusal, agent(), retry_after_ms);
    case NotRunCause::kShed:
      return {refusal.cause,
              {Code::kResourceExhausted,
               fmt::format("the server takes no {} work now: try again in {} ms", task_class_name(task.task_class),
                           retry_after_ms),
               true},
              retry_after_ms};
    case NotRunCause::kTooLarge:
      return {refusal.cause,
              {Code::kInvalidArgument, fmt::format("the request has {} {}, and at most {} may ever wait: split it",
                                                   refusal.has, refusal.unit, refusal.max)}};
    case NotRunCause::kDraining:
      return {refusal.cause, {Code::kUnavailable, "the server is stopping: try again when it is back", true}};
    case NotRunCause::kExpired:
      return {refusal.cause, {Code::kDeadlineExceeded, "the deadline passed before its turn; nothing was done", true}};
    case NotRunCause::kCancelled: return {refusal.cause, {Code::kCancelled, "cancelled before its turn"}};
  }
  return {refusal.cause, {}};
}

std::optional<Refusal> Admission::refuses(const Queued& task, MonotonicTime now) const {
  if (options_.shedder && options_.shedder->sheds(task.task.task_class, process_, now)) {
    return Refusal{NotRunCause::kShed, process_.items, options_.process.items};
  }
  const Cost cost = counted(task.task.cost);
  // The narrowest first: whoever is at an agent's bound is not told that the server is full.
  if (auto refusal =
          over(cost, agent(task.agent_key), options_.agent, NotRunCause::kAgentItems, NotRunCause::kAgentBytes)) {
    return refusal;
  }
  if (auto refusal = over(cost, name_space(task.task.name_space), options_.name_space, NotRunCause::kNamespaceItems,
                          NotRunCause::kNamespaceBytes)) {
    return refusal;
  }
  return over(cost, process_, options_.process, NotRunCause::kProcessItems, NotRunCause::kProcessBytes);
}

std::optional<Refusal> Admission::enter(const Queued& task, MonotonicTime now) {
  if (auto refusal = refuses(task, now)) return refusal;
  const Cost cost = counted(task.task.cost);
  add(process_, cost);
  add(name_spaces_[task.task.name_space], cost);
  add(agents_[task.agent_key], cost);
  return std::nullopt;
}

void Admission::leave(const Queued& task) {
  const Cost cost = counted(task.task.cost);
  subtract_from(process_, cost);
  subtract(name_spaces_, task.task.name_space, cost);
  subtract(agents_, task.agent_key, cost);
}

void Admission::subtract(UsageOf& all, const std::string& key, const Cost& cost) {
  const auto at = all.find(key);
  MNEMO_CHECK(at != all.end());
  subtract_from(at->second, cost);
  if (at->second.tasks == 0) all.erase(at);
}

Usage Admission::usage_of(const UsageOf& all, const std::string& key) {
  const auto at = all.find(key);
  return at == all.end() ? Usage{} : at->second;
}

uint32_t retry_after_ms(const Usage& process, std::optional<double> items_per_second) {
  if (!items_per_second) return kRetryAfterMsUnknown;
  const double ms = std::ceil(static_cast<double>(process.items) / *items_per_second * 1000);
  return static_cast<uint32_t>(std::clamp<double>(ms, kRetryAfterMsMin, kRetryAfterMsMax));
}

}  // namespace mnemo
