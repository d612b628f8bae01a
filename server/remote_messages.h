// File: server/remote_messages.h
// What the command line sends to a server and gets from it, in the forms that it has for a directory of its own.
#pragma once

#include "mnemo/v1/event.pb.h"
#include "mnemo/v1/service.pb.h"
#include "query/engine.h"

namespace mnemo {

// `envelope` holds a Remembered.
v1::MemoryInput memory_input_from(const v1::Envelope& envelope);

Memory memory_from(const v1::Memory& message);

}  // namespace mnemo
