#include "events/text/analyzer.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "events/coding.h"
#include "events/hash.h"
#include "events/text/irregular_forms.h"
#include "events/text/split.h"
#include "events/text/stemmer.h"
#include "events/text/stop_words.h"
#include "events/text/term_cache.h"

namespace mnemo {
namespace {

// What one very large text made the buffers grow to is given back after it.
constexpr size_t kKeptFoldedBytes = 64 << 10;
constexpr size_t kKeptTokens = 16 << 10;

struct QueryToken {
  QueryTerm term;
  bool stop = false;
  bool name = false;
};

// The terms of the tokens that `keep` wants, each once.
std::vector<QueryTerm> distinct_terms(const std::vector<QueryToken>& tokens,
                                      const std::function<bool(const QueryToken&)>& keep) {
  std::vector<QueryTerm> terms;
  std::set<uint32_t> seen;
  for (const QueryToken& token : tokens) {
    if (keep(token) && seen.insert(token.term.hash).second) terms.push_back(token.term);
  }
  return terms;
}

}  // namespace

uint32_t term_hash(std::string_view term) { return static_cast<uint32_t>(xxh3_64(term)); }

struct Analyzer::Impl {
  Stemmer stemmer;
  TermCache cache;
  std::string folded;
  TokenList tokens;

  // Calls use(token) for each token of `text`, in order.
  template <typename Use>
  void each_token(std::string_view text, Use use) {
    while (!text.empty()) {
      const Piece piece = next_piece(text);
      tokens.clear();
      if (piece.ascii) {
        split_ascii(piece.text, folded, tokens);
      } else {
        split_unicode(piece.text, folded, tokens);
      }
      for (const Token& token : tokens) use(token);
      text.remove_prefix(piece.text.size());
    }
    if (folded.capacity() > kKeptFoldedBytes) std::string().swap(folded);
    tokens.shrink(kKeptTokens);
  }

  uint32_t hash(std::string_view word) {
    const auto make = [&] { return term_hash(stemmer.term(word)); };
    return word.size() > TermCache::kWordBytesMax ? make() : cache.find(word, make);
  }
};

Analyzer::Analyzer() : impl_(std::make_unique<Impl>()) {}
Analyzer::~Analyzer() = default;

uint32_t Analyzer::analyze(std::string_view text, std::vector<uint32_t>& terms) {
  uint32_t length = 0;
  impl_->each_token(text, [&](const Token& token) {
    terms.push_back(impl_->hash(token.text));
    if (!token.compound) ++length;
  });
  return length;
}

std::vector<QueryTerm> Analyzer::analyze_query(std::string_view question,
                                               const std::vector<std::string>& dropped_names) {
  std::set<std::string, std::less<>> names;
  for (const std::string& name : dropped_names) {
    for (std::string& word : words(name)) names.insert(std::move(word));
  }
  std::vector<QueryToken> tokens;
  impl_->each_token(question, [&](const Token& token) {
    const std::string_view term = impl_->stemmer.term(token.text);
    tokens.push_back({.term = {term_hash(term), std::string(term)},
                      .stop = !token.compound && is_stop_word(token.text),
                      .name = !token.compound && names.contains(token.text)});
  });
  auto terms = distinct_terms(tokens, [](const QueryToken& token) { return !token.stop && !token.name; });
  if (terms.empty()) terms = distinct_terms(tokens, [](const QueryToken& token) { return !token.stop; });
  if (terms.empty()) terms = distinct_terms(tokens, [](const QueryToken&) { return true; });
  return terms;
}

std::string Analyzer::canonical_question(std::string_view question) {
  std::set<std::pair<bool, std::string>> asked;
  std::set<std::pair<bool, std::string>> stops;
  impl_->each_token(question, [&](const Token& token) {
    const bool stop = !token.compound && is_stop_word(token.text);
    (stop ? stops : asked).emplace(token.compound, token.text);
  });
  std::string bytes;
  for (const auto& [compound, text] : asked.empty() ? stops : asked) {
    bytes.push_back(compound ? 1 : 0);
    put_bytes(bytes, text);
  }
  return bytes;
}

std::vector<std::string> Analyzer::words(std::string_view text) {
  std::vector<std::string> words;
  impl_->each_token(text, [&](const Token& token) {
    if (!token.compound) words.emplace_back(token.text);
  });
  return words;
}

}  // namespace mnemo
