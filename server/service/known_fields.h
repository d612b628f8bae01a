// File: server/service/known_fields.h
// Whether a message holds only what this build knows.
#pragma once

#include <google/protobuf/message.h>

#include "events/result.h"

namespace mnemo {

// INVALID_ARGUMENT names the first field, at any depth, whose number is in no message of this build, or whose enum
// value is in no enum of it. Protobuf would keep both in silence: a filter that a newer client narrowed would match
// more here than it was told to. A batch's memories stand by themselves: of a RememberBatchRequest only its own fields
// are looked at, and each memory by who takes it.
Status check_known_fields(const google::protobuf::Message& message);

}  // namespace mnemo
