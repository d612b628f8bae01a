// File: server/http/framing.h
// Refuses heads that another reader of the same bytes, such as a proxy, could take for something else: where the
// request ends, or which of several values counts.
#pragma once

#include <optional>
#include <string_view>

#include "server/http/http_message.h"
#include "server/http/http_wire.h"

namespace mnemo {

// The refusal of a head that was parsed; `bytes` are those that the parser took when it came to its end. 400: a header
// over several lines, a header twice that may stand once, Transfer-Encoding where chunked is not the last coding or in
// HTTP/1.0. 501: a transfer coding before chunked. 415: a Content-Encoding.
std::optional<HttpResponse> check_framing(const HttpParser& parser, std::string_view bytes);

}  // namespace mnemo
