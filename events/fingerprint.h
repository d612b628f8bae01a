// File: events/fingerprint.h
// Canonical encoding of what a client asked for, and the keyed fingerprint of it that makes a reused idempotency key
// visible. docs/formats.md defines both; tests/golden holds vectors that a Python script reproduces.
#pragma once

#include <array>
#include <filesystem>
#include <string>

#include "events/ids.h"
#include "events/result.h"
#include "mnemo/v1/event.pb.h"

namespace mnemo {

// The canonical bytes of the event inside `envelope`, with namespace and agent: exactly the fields that are set, in
// order of field number, metadata sorted by key, tags as sent. Not covered: every other field of the envelope.
std::string canonical_encoding(const v1::Envelope& envelope);

// A log's fingerprint secret: 32 random bytes, made with the log, kept beside the data, never on the log.
class FingerprintKey {
 public:
  static FingerprintKey random();
  // A file of 64 hexadecimal digits and a newline, mode 0600. NOT_FOUND, INVALID_ARGUMENT; save refuses to replace.
  static Result<FingerprintKey> load(const std::filesystem::path& file);
  static Result<FingerprintKey> from_bytes(std::string_view bytes32);
  Status save(const std::filesystem::path& file) const;

  Bytes16 fingerprint(const v1::Envelope& envelope) const;  // BLAKE2b-128 keyed, of canonical_encoding()
  Bytes16 check_value() const;  // tells two secrets apart without telling the secret: BLAKE2b-128 keyed, of a constant

 private:
  std::array<char, 32> key_{};
};

}  // namespace mnemo
