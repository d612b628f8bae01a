#include "server/service/observer.h"

namespace mnemo {

std::string_view door_name(Door door) {
  switch (door) {
    case Door::kHttp: return "http";
    case Door::kGrpc: return "grpc";
  }
  return "other";
}

std::string_view method_name(Method method) {
  switch (method) {
    case Method::kRemember: return "Remember";
    case Method::kRememberBatch: return "RememberBatch";
    case Method::kGetMemory: return "GetMemory";
    case Method::kUpdateMemory: return "UpdateMemory";
    case Method::kForgetMemory: return "ForgetMemory";
    case Method::kForgetByFilter: return "ForgetByFilter";
    case Method::kGetHistory: return "GetHistory";
    case Method::kGetLineage: return "GetLineage";
    case Method::kLinkMemories: return "LinkMemories";
    case Method::kUnlinkMemories: return "UnlinkMemories";
    case Method::kAttachEmbedding: return "AttachEmbedding";
    case Method::kListMemories: return "ListMemories";
    case Method::kListAgents: return "ListAgents";
    case Method::kExportMemories: return "ExportMemories";
    case Method::kRetrieve: return "Retrieve";
    case Method::kConsolidate: return "Consolidate";
    case Method::kPrune: return "Prune";
    case Method::kGetStatus: return "GetStatus";
    case Method::kGetDigests: return "GetDigests";
    case Method::kListOperations: return "ListOperations";
    case Method::kGetOperation: return "GetOperation";
    case Method::kSetPolicy: return "SetPolicy";
    case Method::kGetPolicy: return "GetPolicy";
    case Method::kGetRules: return "GetRules";
    case Method::kActivateRules: return "ActivateRules";
    case Method::kHealth: return "Health";
    case Method::kMetrics: return "Metrics";
    case Method::kOther: return "Other";
  }
  return "Other";
}

}  // namespace mnemo
