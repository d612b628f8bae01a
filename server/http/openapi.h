// File: server/http/openapi.h
// The description of the HTTP API that this binary answers: docs/openapi.json.
#pragma once

#include <string_view>

namespace mnemo {

std::string_view openapi_json();

}  // namespace mnemo
