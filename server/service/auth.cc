#include "server/service/auth.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "events/ids.h"
#include "server/service/key_file.h"

namespace mnemo {
namespace {

constexpr std::string_view kPrefix = "mnemo_";
constexpr size_t kKeyBytes = 32;
constexpr std::string_view kScheme = "bearer ";
constexpr size_t kPresentedBytesMax = 256;  // what may be hashed at the wish of anyone who comes

tl::unexpected<Error> unauthenticated(std::string message) { return fail(Code::kUnauthenticated, std::move(message)); }

bool starts_with_scheme(std::string_view header) {
  return header.size() > kScheme.size() &&
         std::equal(kScheme.begin(), kScheme.end(), header.begin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b); });
}

Result<std::string_view> presented_key(std::string_view header) {
  if (header.empty())
    return unauthenticated(
        "this server asks for a key: send the header 'Authorization: Bearer KEY'; on the command line give --api-key, "
        "or "
        "set MNEMO_API_KEY");
  if (!starts_with_scheme(header)) {
    return unauthenticated("other schemes are not taken: send the header 'Authorization: Bearer KEY'");
  }
  std::string_view key = header.substr(kScheme.size());
  key.remove_prefix(std::min(key.find_first_not_of(' '), key.size()));
  if (key.size() > kPresentedBytesMax) {
    return unauthenticated(fmt::format("the key is {} bytes long, which none of mnemo's is", key.size()));
  }
  return key;
}

}  // namespace

std::shared_ptr<const Principal> everyone() {
  static const auto principal = std::make_shared<const Principal>();
  return principal;
}

Result<NewKey> make_key(Principal principal) {
  MNEMO_CHECK(sodium_init() >= 0);
  std::sort(principal.namespaces.begin(), principal.namespaces.end());
  MNEMO_TRY(check_key_principal(principal));
  std::string random(kKeyBytes, '\0');
  randombytes_buf(random.data(), random.size());
  const std::string key = std::string(kPrefix) + to_hex(random);
  return NewKey{key, {std::move(principal), key_hash(key)}};
}

Result<std::unique_ptr<KeyFile>> KeyFile::open(std::filesystem::path file) {
  std::unique_ptr<KeyFile> keys(new KeyFile(std::move(file)));
  MNEMO_TRY(keys->reload());
  return keys;
}

Status KeyFile::reload() {
  MNEMO_ASSIGN(const std::string text, read_key_file(file_));
  auto entries = parse_key_lines(text);
  if (!entries) return fail(entries.error().code, fmt::format("{}: {}", file_.string(), entries.error().message));
  auto keys = std::make_shared<Keys>();
  for (KeyEntry& entry : *entries) {
    keys->push_back({std::move(entry.hash), std::make_shared<const Principal>(std::move(entry.principal))});
  }
  MutexLock lock(mutex_);
  keys_ = std::move(keys);
  return {};
}

std::shared_ptr<const KeyFile::Keys> KeyFile::current() const {
  MutexLock lock(mutex_);
  return keys_;
}

size_t KeyFile::keys() const { return current()->size(); }

Result<std::shared_ptr<const Principal>> KeyFile::authenticate(std::string_view authorization) const {
  MNEMO_ASSIGN(const std::string_view key, presented_key(authorization));
  const std::string hash = key_hash(key);
  std::shared_ptr<const Principal> found;
  for (const Key& one : *current()) {  // all of them, so that no time tells which one came close
    if (sodium_memcmp(one.hash.data(), hash.data(), hash.size()) == 0) found = one.principal;
  }
  if (!found) return unauthenticated("this key is not known here: it was mistyped, or taken out of the keys' file");
  return found;
}

}  // namespace mnemo
