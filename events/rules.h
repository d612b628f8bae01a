// File: events/rules.h
// The constants that apply() depends on. They stand on the log, in RulesActivated; a build's own defaults are used
// only to write the first one, and kinds that they add to activate them forward (events/activation.h). A kind is
// activated only forward: once active in a partition, it stays active.
#pragma once

#include <bitset>
#include <cstdint>

#include "events/result.h"
#include "mnemo/v1/event.pb.h"

namespace mnemo {

struct Rules {
  uint32_t version = 0;               // 0: none activated yet
  std::bitset<128> active_kinds;      // by number
  uint32_t key_window = 0;            // keys kept of an agent, Remembered's own apart
  uint32_t work_units_per_event = 0;  // of the pending queue
  uint32_t digest_interval = 0;       // accepted events between two digest points
  uint32_t links_per_memory_max = 0;
  v1::Limits limits;

  // The two kinds that bring rules into force need none themselves; nor does an operator's decision, which must be
  // known before the rules at its position are.
  bool active(v1::EventKind kind) const {
    return kind == v1::EVENT_KIND_EPOCH_STARTED || kind == v1::EVENT_KIND_RULES_ACTIVATED ||
           kind == v1::EVENT_KIND_SKIP_RECORDED ||
           (kind >= 0 && static_cast<size_t>(kind) < active_kinds.size() && active_kinds[static_cast<size_t>(kind)]);
  }
};

// What this build writes when it makes a log: version 1.
v1::RulesActivated default_rules(uint32_t partition);

// Whether this build can apply events of the kind; to be asked when it is active, and before validate(), which knows
// the fields of supported kinds only. An event of an active kind that this build cannot apply comes from rules that a
// newer build wrote: the partition halts and says "upgrade". A door activates, and appends, supported kinds only.
bool kind_supported(v1::EventKind kind);

// INVALID_ARGUMENT when a constant is out of range (zero, or so large that work per event would not be bounded), or a
// kind that was active before is missing, or the version is not greater than the one before, or ids must be shorter
// than before. Kinds of later builds (numbers up to 127) are noted, not refused.
Result<Rules> next_rules(const Rules& before, const v1::RulesActivated& event);

}  // namespace mnemo
