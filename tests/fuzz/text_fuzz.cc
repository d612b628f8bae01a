// Text analysis of any bytes: no fault, and the same answer warm and new, whole and as a part of more.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "events/result.h"
#include "events/text/analyzer.h"

namespace {

// As a part of more, by an analyzer that has seen nothing.
void check_fresh(std::string_view text, const std::vector<uint32_t>& terms, uint32_t length) {
  static const std::vector<uint32_t> lead = {mnemo::term_hash("tea")};
  std::vector<uint32_t> after_lead;
  mnemo::Analyzer fresh;
  MNEMO_CHECK(fresh.analyze("tea " + std::string(text), after_lead) == length + 1);
  MNEMO_CHECK(after_lead.size() == terms.size() + 1 && after_lead[0] == lead[0]);
  MNEMO_CHECK(std::equal(terms.begin(), terms.end(), after_lead.begin() + 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static mnemo::Analyzer warm;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  std::vector<uint32_t> terms;
  const uint32_t length = warm.analyze(text, terms);
  MNEMO_CHECK(length <= terms.size());
  MNEMO_CHECK(warm.words(text).size() == length);

  // Making one takes a hundred times as long as most texts do.
  if (mnemo::term_hash(text) % 16 == 0) check_fresh(text, terms, length);

  // A question keeps at least one term when it has any, each once, and each as it stands in the text.
  const std::vector<mnemo::QueryTerm> query = warm.analyze_query(text, {std::string(text.substr(0, 8))});
  MNEMO_CHECK(query.empty() == terms.empty());
  for (const mnemo::QueryTerm& term : query) {
    MNEMO_CHECK(mnemo::term_hash(term.text) == term.hash);
    MNEMO_CHECK(std::find(terms.begin(), terms.end(), term.hash) != terms.end());
  }
  return 0;
}
