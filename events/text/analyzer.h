// File: events/text/analyzer.h
// Text to terms, the same way for what is stored and for what is asked.
//
// Fold (Unicode NFKC and case fold by utf8proc), split into words (runs of letters, marks and digits; Han, Kana, Thai,
// Lao, Khmer and Myanmar by character; emoji and other symbols of their own), map irregular English forms (went -> go),
// stem (Snowball English; words of 3 to 64 letters a-z only). A compound such as an e-mail address, a URL, a version or
// an identifier is a term of its own beside its parts (split.h says which). Stop words are dropped from questions only.
// Any bytes give terms, never an error, in time and memory linear in their number.
//
//   Analyzer analyzer;
//   std::vector<uint32_t> terms;
//   analyzer.analyze("She went hiking", terms);  // hashes of: she go hike
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mnemo {

struct QueryTerm {
  uint32_t hash = 0;
  std::string text;  // the term as hashed
};

// Not thread-safe (it caches stems): one for each thread.
class Analyzer {
 public:
  Analyzer();
  ~Analyzer();
  Analyzer(const Analyzer&) = delete;
  Analyzer& operator=(const Analyzer&) = delete;

  // Appends the hashes of the terms of `text` in order of occurrence, repeated ones repeated. Returns the length that
  // ranking uses: the number of words, compounds not counted. Invalid UTF-8 bytes separate words.
  uint32_t analyze(std::string_view text, std::vector<uint32_t>& terms);

  // The terms of a question, each once, in order of first occurrence, without stop words (wh-words, pronouns, modals,
  // articles, prepositions) and without the words of `dropped_names`. If that would leave nothing, names are kept; if
  // still nothing, stop words too.
  std::vector<QueryTerm> analyze_query(std::string_view question, const std::vector<std::string>& dropped_names);

  // What a question's terms are a function of, in bytes: its distinct words and compounds, folded and sorted, without
  // stop words unless there is nothing else. Two questions with the same bytes have the same set of terms whatever
  // names are dropped. (Words of one stem stay apart, since one of them may be a name.)
  std::string canonical_question(std::string_view question);

  // The words of `text`, folded but neither mapped nor stemmed; symbols are words, compounds are not among them.
  std::vector<std::string> words(std::string_view text);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Term text to hash: the low 32 bits of XXH3-64.
uint32_t term_hash(std::string_view term);

// Names everything that the outcome of analysis depends on, library versions included: part of the projection version.
const std::string& analysis_version();

}  // namespace mnemo
