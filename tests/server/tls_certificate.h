// File: tests/server/tls_certificate.h
// A certificate for "localhost" that signs itself, and its key: made anew, so that none can run out.
#pragma once

#include <string>

namespace mnemo::testing {

struct TlsPair {
  std::string certificate;  // PEM
  std::string key;          // PEM
};
TlsPair make_tls_pair();

}  // namespace mnemo::testing
