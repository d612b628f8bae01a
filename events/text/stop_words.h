// File: events/text/stop_words.h
// Words that say how a question is asked and not what it is about.
#pragma once

#include <string_view>

namespace mnemo {

// Articles, prepositions, conjunctions, wh-words, pronouns, auxiliary and modal verbs, and what is left of English
// contractions when they are split ("didn't": didn, t). The word is folded and not stemmed.
bool is_stop_word(std::string_view word);

}  // namespace mnemo
