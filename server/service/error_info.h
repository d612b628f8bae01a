// File: server/service/error_info.h
// An error as clients get it, beside results or alone.
#pragma once

#include "events/result.h"
#include "mnemo/v1/service.pb.h"

namespace mnemo {

v1::ErrorInfo error_info(const Error& error);

}  // namespace mnemo
