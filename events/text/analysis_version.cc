#include <utf8proc.h>

#include <string>

#include "events/hash.h"
#include "events/text/analyzer.h"
#include "events/text/irregular_forms.h"
#include "events/text/stemmer.h"

namespace mnemo {
namespace {

// Rules of this folder's own code: raise it when texts come apart or fold otherwise than before.
constexpr std::string_view kRules = "text-1";

// The stemming library does not tell its version, so it is known by what it does: these words use each of its rules
// and lists of exceptions.
constexpr std::string_view kProbes[] = {
    "abilities", "adoption",     "agreed",      "allowance",   "analogously", "andes",        "argument",
    "atlas",     "berries",      "bias",        "bleed",       "bottles",     "callousness",  "caresses",
    "cats",      "college",      "communism",   "conditional", "connection",  "controlling",  "cosmos",
    "cries",     "decisiveness", "dying",       "early",       "electrical",  "evening",      "exceed",
    "falling",   "feudalism",    "formalize",   "generate",    "generically", "goodness",     "gently",
    "hesitancy", "hoping",       "hopping",     "hopefulness", "howe",        "idly",         "inning",
    "irritant",  "knightly",     "lying",       "motoring",    "news",        "only",         "operator",
    "outing",    "plastered",    "predication", "proceed",     "radically",   "relational",   "replacement",
    "revival",   "sensational",  "singly",      "sized",       "skies",       "sky",          "skis",
    "succeed",   "triplicate",   "troubled",    "tying",       "ugly",        "universities", "valency",
    "yearly",    "youthful",
};

std::string stems_version() {
  Stemmer stemmer;
  std::string outcome;
  for (const std::string_view probe : kProbes) outcome.append(stemmer.term(probe)).push_back('\n');
  for (const IrregularForm& form : irregular_forms()) {
    outcome.append(form.form).append(" ").append(stemmer.term(form.form)).push_back('\n');
  }
  return to_hex(blake2b_128(outcome)).substr(0, 8);
}

}  // namespace

const std::string& analysis_version() {
  static const std::string version = std::string(kRules) + "/utf8proc-" + utf8proc_version() + "/unicode-" +
                                     utf8proc_unicode_version() + "/stems-" + stems_version() + "/xxh3";
  return version;
}

}  // namespace mnemo
