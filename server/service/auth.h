// File: server/service/auth.h
// Who a key stands for: what a door asks before anything else.
//
//   MNEMO_ASSIGN(call.principal, authenticator.authenticate(header));  // "Bearer mnemo_..."
//
// The keys' file has one JSON object a line; empty lines are passed over:
//
//   {"name": "billing-agent", "key_hash": "64 hex digits", "namespaces": ["acme"], "rights": ["read", "write"]}
//
// `name` is what events carry as their actor. `namespaces` is ["*"] for all of them. A right includes none of the
// others: read, write, admin. The file holds no key, only hashes; it must be its owner's alone all the same (mode
// 0600), as whoever may write it lets himself in.
//
// A key is 256 random bits, so its hash is BLAKE2b and none of the slow ones: those make guessing of what people choose
// expensive, and nobody guesses 256 bits. A request costs one hash and a comparison with each entry, in constant time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "events/mutex.h"
#include "events/result.h"
#include "server/service/call.h"
#include "server/service/key_lines.h"

namespace mnemo {

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // `authorization` is the header's value as it came, empty where there is none. UNAUTHENTICATED says what to send.
  // Thread-safe.
  virtual Result<std::shared_ptr<const Principal>> authenticate(std::string_view authorization) const = 0;
};

// May do everything: for whoever comes where no keys are asked for.
std::shared_ptr<const Principal> everyone();
class NoAuthentication final : public Authenticator {
 public:
  Result<std::shared_ptr<const Principal>> authenticate(std::string_view) const override { return everyone(); }
};

// A new random key, "mnemo_" and 64 hex digits, and its line's entry. INVALID_ARGUMENT for a principal that no line can
// hold. key_file.h adds one to a file.
struct NewKey {
  std::string key;
  KeyEntry entry;
};
Result<NewKey> make_key(Principal principal);

// The keys of a file. Thread-safe.
class KeyFile final : public Authenticator {
 public:
  // NOT_FOUND, FAILED_PRECONDITION (others than its owner may read or write it), INVALID_ARGUMENT with the line.
  static Result<std::unique_ptr<KeyFile>> open(std::filesystem::path file);

  // Reads the file anew, for SIGHUP: what is under way keeps its principal, who comes later meets the new keys, all of
  // them at once. After an error the old keys stay in force.
  Status reload();
  size_t keys() const;

  Result<std::shared_ptr<const Principal>> authenticate(std::string_view authorization) const override;

 private:
  struct Key {
    std::string hash;
    std::shared_ptr<const Principal> principal;
  };
  using Keys = std::vector<Key>;

  explicit KeyFile(std::filesystem::path file) : file_(std::move(file)) {}
  std::shared_ptr<const Keys> current() const;

  const std::filesystem::path file_;
  mutable Mutex mutex_;
  std::shared_ptr<const Keys> keys_ MNEMO_GUARDED_BY(mutex_);
};

}  // namespace mnemo
