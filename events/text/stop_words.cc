#include "events/text/stop_words.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace mnemo {
namespace {

// clang-format off
constexpr std::string_view kStopWords[] = {
    "a", "am", "an", "and", "are", "aren", "as", "at", "be", "been", "being", "but", "by", "can", "cannot", "could",
    "couldn", "d", "did", "didn", "do", "does", "doesn", "doing", "don", "done", "for", "had", "hadn", "has", "hasn",
    "have", "haven", "having", "he", "her", "hers", "herself", "him", "himself", "his", "how", "i", "if", "in",
    "into", "is", "isn", "it", "its", "itself", "ll", "m", "may", "me", "might", "mine", "must", "my", "myself",
    "no", "not", "of", "on", "or", "our", "ours", "ourselves", "re", "s", "shall", "she", "should", "shouldn",
    "such", "t", "that", "the", "their", "theirs", "them", "themselves", "then", "there", "these", "they", "this",
    "those", "to", "us", "ve", "was", "wasn", "we", "were", "weren", "what", "when", "where", "which", "who", "whom",
    "whose", "why", "will", "with", "would", "wouldn", "you", "your", "yours", "yourself", "yourselves",
};
// clang-format on

static_assert(std::is_sorted(std::begin(kStopWords), std::end(kStopWords)));

}  // namespace

bool is_stop_word(std::string_view word) {
  return std::binary_search(std::begin(kStopWords), std::end(kStopWords), word, std::less<std::string_view>());
}

}  // namespace mnemo
