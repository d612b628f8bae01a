// File: server/serve_warnings.h
// What of the way in which a server is started is allowed and dangerous.
#pragma once

#include <string>
#include <vector>

#include "server/serve_options.h"

namespace mnemo {

// A sentence each, saying what to do. `options` have passed check().
std::vector<std::string> serve_warnings(const ServeOptions& options);

}  // namespace mnemo
