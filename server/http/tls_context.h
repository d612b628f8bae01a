// File: server/http/tls_context.h
// The server's side of TLS, from PEM files.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "events/result.h"

namespace mnemo {

// TLS 1.2 and later. INVALID_ARGUMENT names the option and the file that does not serve, and why.
Result<std::unique_ptr<boost::asio::ssl::context>> make_tls_context(const std::string& cert_file,
                                                                    const std::string& key_file);

}  // namespace mnemo
