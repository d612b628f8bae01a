#include "query/pack.h"

#include "events/clock.h"

namespace mnemo {
namespace {

constexpr std::string_view kEllipsis = "…";

struct Characters {
  uint64_t ascii = 0;
  uint64_t other = 0;

  void add(std::string_view text) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x80) ++ascii;
      if (byte >= 0xc0) ++other;  // bytes in between continue a character
    }
  }
  uint64_t tokens() const { return (ascii + 3) / 4 + other; }
};

std::string provenance(const Memory& memory) {
  std::string line = "[id=" + memory.id;
  if (!memory.session_id.empty()) line += " session=" + memory.session_id;
  if (!memory.speaker.empty()) line += " speaker=" + memory.speaker;
  return line + " observed_at=" + to_rfc3339(memory.observed_at_ms) + "]\n";
}

// The longest beginning of `text` that fits into the budget after `used`. Bytes that continue a character cost nothing,
// so what does not fit is always a character's first.
std::string_view longest_fit(std::string_view text, Characters used, uint32_t token_budget) {
  for (size_t i = 0; i < text.size(); ++i) {
    used.add(text.substr(i, 1));
    if (used.tokens() > token_budget) return text.substr(0, i);
  }
  return text;
}

}  // namespace

uint64_t estimate_tokens(std::string_view text) {
  Characters characters;
  characters.add(text);
  return characters.tokens();
}

std::string pack_context(const std::vector<Hit>& hits, uint32_t token_budget) {
  std::string context;
  Characters used;
  for (const Hit& hit : hits) {
    const std::string head = (context.empty() ? "" : "\n") + provenance(hit.memory);
    Characters whole = used;
    whole.add(head);
    Characters cut = whole;
    whole.add(hit.memory.text);
    whole.add("\n");
    if (whole.tokens() > token_budget) {
      cut.add(kEllipsis);
      cut.add("\n");
      const std::string_view fitting = longest_fit(hit.memory.text, cut, token_budget);
      if (estimate_tokens(fitting) >= kCutTokensMin) {
        context.append(head).append(fitting).append(kEllipsis).append("\n");
      }
      break;
    }
    used = whole;
    context.append(head).append(hit.memory.text).append("\n");
  }
  return context;
}

}  // namespace mnemo
