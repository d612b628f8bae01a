// File: query/bm25.h
// BM25 with integers only, so that every compiler and CPU gives the same score. docs/ranking.md derives it.
//
//   idf(t)      = ln(1 + (N - df + 1/2) / (df + 1/2)) = ln((2N + 2) / (2 df + 1))
//   norm(d)     = k1 (1 - b + b len(d) / avg),  avg = words / N
//   share(t, d) = idf(t) (k1 + 1) count / (count + norm(d))
//
// All in units of 1/kFixedOne. idf is exact to within one unit; norm and share are each one division, rounded to the
// nearest unit, halves up. A score is the plain sum of its shares.
//
// Why nothing overflows, with k1 < 2^27 (100), b <= 2^20 (1), N, len, count < 2^32, words < 2^64 and len <= words:
//   norm:  b len N < 2^84 and (1 - b) words < 2^84, times k1 < 2^112: a 128-bit product; over 2^20 words it is at most
//          k1 (1 + b N) < 2^60.
//   idf:   ln(2^33) < 23, so < 2^25.
//   share: idf (k1 + 1) count < 2^25 2^28 2^32 = 2^85: a 128-bit product; the quotient is at most idf (k1 + 1) < 2^32.
//   score: a question of 8 KiB has fewer than 2^13 terms, so < 2^45.
#pragma once

#include <cstdint>

#include "query/engine.h"

namespace mnemo {

// What a term's weight is measured against: the visible documents of one agent.
struct Corpus {
  uint32_t documents = 0;
  uint64_t words = 0;
};

class Bm25 {
 public:
  // `profile` has passed Profile::check().
  Bm25(const Profile& profile, Corpus corpus) : k1_(profile.k1), b_(profile.b), corpus_(corpus) {}

  // `documents`: how many of the corpus hold the term; at most all of them.
  int64_t idf(uint32_t documents) const;
  // `length` in words, of a document of the corpus.
  int64_t norm(uint32_t length) const;
  int64_t share(int64_t idf, uint32_t count, int64_t norm) const;

 private:
  int64_t k1_;
  int64_t b_;
  Corpus corpus_;
};

}  // namespace mnemo
