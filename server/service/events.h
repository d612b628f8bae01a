// File: server/service/events.h
// From requests to the envelopes of their events: who asks, under which key, about which agent.
#pragma once

#include "mnemo/v1/event.pb.h"
#include "mnemo/v1/service.pb.h"
#include "server/service/call.h"

namespace mnemo {

// Authorised: NOT_FOUND and PERMISSION_DENIED as Principal::check() says. INVALID_ARGUMENT: the call's key and the
// message's are not the same; what no event can say (server/service/messages.h).
Result<v1::Envelope> event_from(const Call& call, v1::MemoryInput memory);
Result<v1::Envelope> event_from(const Call& call, v1::UpdateMemoryRequest request);
Result<v1::Envelope> event_from(const Call& call, v1::ForgetMemoryRequest request);
Result<v1::Envelope> event_from(const Call& call, v1::ForgetByFilterRequest request);
Result<v1::Envelope> event_from(const Call& call, v1::LinkMemoriesRequest request);
Result<v1::Envelope> event_from(const Call& call, v1::UnlinkMemoriesRequest request);

// The one key of a write that may have it in two places; INVALID_ARGUMENT, as above.
Result<std::string> key_from(const std::string& of_call, std::string&& of_message);

}  // namespace mnemo
