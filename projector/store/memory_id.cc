#include "projector/store/memory_id.h"

#include "events/hash.h"

namespace mnemo {
namespace {

constexpr char kOwn = 0;
constexpr char kFromKey = 1;
constexpr char kFromEvent = 2;
constexpr size_t kHexDigits = 32;

MemoryKey tagged(char tag, const Bytes16& bytes) {
  MemoryKey key(1, tag);
  key.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return key;
}

}  // namespace

MemoryKey memory_key_from_text(std::string_view text) {
  if (text.size() == kHexDigits + 2 && text[1] == '-' && (text[0] == 'm' || text[0] == 'e')) {
    const std::string_view digits = text.substr(2);
    const bool lower = digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (lower) return MemoryKey(1, text[0] == 'm' ? kFromKey : kFromEvent) + from_hex(digits).value();
  }
  return MemoryKey(1, kOwn).append(text);
}

MemoryKey memory_key_from_idempotency_key(std::string_view name_space, std::string_view agent_id,
                                          std::string_view idempotency_key) {
  std::string scope;
  scope.reserve(name_space.size() + agent_id.size() + idempotency_key.size() + 2);
  scope.append(name_space).push_back('\x1f');
  scope.append(agent_id).push_back('\x1f');
  scope.append(idempotency_key);
  return tagged(kFromKey, blake2b_128(scope));
}

MemoryKey memory_key_from_event_id(const Bytes16& event_id) { return tagged(kFromEvent, event_id); }

std::string memory_id_text(std::string_view memory_key) {
  MNEMO_CHECK(!memory_key.empty());
  const std::string_view rest = memory_key.substr(1);
  if (memory_key[0] == kFromKey) return "m-" + to_hex(rest);
  if (memory_key[0] == kFromEvent) return "e-" + to_hex(rest);
  return std::string(rest);
}

}  // namespace mnemo
