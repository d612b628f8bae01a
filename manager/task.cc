#include "manager/task.h"

namespace mnemo {

std::string_view task_class_name(TaskClass task_class) {
  switch (task_class) {
    case TaskClass::kRead: return "read";
    case TaskClass::kWrite: return "write";
    case TaskClass::kMaintenance: return "maintenance";
  }
  return "unknown";
}

std::string_view not_run_cause_name(NotRunCause cause) {
  switch (cause) {
    case NotRunCause::kProcessItems: return "process_items";
    case NotRunCause::kProcessBytes: return "process_bytes";
    case NotRunCause::kNamespaceItems: return "namespace_items";
    case NotRunCause::kNamespaceBytes: return "namespace_bytes";
    case NotRunCause::kAgentItems: return "agent_items";
    case NotRunCause::kAgentBytes: return "agent_bytes";
    case NotRunCause::kShed: return "shed";
    case NotRunCause::kTooLarge: return "too_large";
    case NotRunCause::kDraining: return "draining";
    case NotRunCause::kExpired: return "expired";
    case NotRunCause::kCancelled: return "cancelled";
  }
  return "unknown";
}

}  // namespace mnemo
