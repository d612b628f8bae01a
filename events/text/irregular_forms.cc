#include "events/text/irregular_forms.h"

#include <algorithm>

namespace mnemo {
namespace {

// Left out: forms that are at least as often another word (rose, lay, bore, ground, wound, leaves, lives).
// clang-format off
constexpr IrregularForm kForms[] = {
    {"ate", "eat"}, {"awoke", "awake"}, {"beaten", "beat"}, {"became", "become"}, {"began", "begin"},
    {"begun", "begin"}, {"best", "good"}, {"better", "good"}, {"bitten", "bite"}, {"blew", "blow"},
    {"blown", "blow"}, {"bought", "buy"}, {"bred", "breed"}, {"broke", "break"}, {"broken", "break"},
    {"brought", "bring"}, {"built", "build"}, {"burnt", "burn"}, {"came", "come"}, {"caught", "catch"},
    {"children", "child"}, {"chose", "choose"}, {"chosen", "choose"}, {"crept", "creep"}, {"criteria", "criterion"},
    {"dealt", "deal"}, {"done", "do"}, {"drank", "drink"}, {"drawn", "draw"}, {"dreamt", "dream"}, {"drew", "draw"},
    {"driven", "drive"}, {"drove", "drive"}, {"drunk", "drink"}, {"dug", "dig"}, {"eaten", "eat"},
    {"fallen", "fall"}, {"farther", "far"}, {"fed", "feed"}, {"feet", "foot"}, {"fell", "fall"}, {"felt", "feel"},
    {"fled", "flee"}, {"flew", "fly"}, {"flown", "fly"}, {"forbidden", "forbid"}, {"forgave", "forgive"},
    {"forgiven", "forgive"}, {"forgot", "forget"}, {"forgotten", "forget"}, {"fought", "fight"}, {"found", "find"},
    {"froze", "freeze"}, {"frozen", "freeze"}, {"further", "far"}, {"gave", "give"}, {"geese", "goose"},
    {"given", "give"}, {"gone", "go"}, {"got", "get"}, {"gotten", "get"}, {"grew", "grow"}, {"grown", "grow"},
    {"halves", "half"}, {"heard", "hear"}, {"held", "hold"}, {"hid", "hide"}, {"hidden", "hide"}, {"hung", "hang"},
    {"kept", "keep"}, {"kid", "child"}, {"kids", "child"}, {"knelt", "kneel"}, {"knew", "know"}, {"knives", "knife"},
    {"known", "know"}, {"laid", "lay"}, {"leapt", "leap"}, {"learnt", "learn"}, {"led", "lead"}, {"left", "leave"},
    {"lent", "lend"}, {"lit", "light"}, {"loaves", "loaf"}, {"lost", "lose"}, {"made", "make"}, {"meant", "mean"},
    {"men", "man"}, {"met", "meet"}, {"mice", "mouse"}, {"mistaken", "mistake"}, {"mistook", "mistake"},
    {"overcame", "overcome"}, {"oxen", "ox"}, {"paid", "pay"}, {"phenomena", "phenomenon"}, {"proven", "prove"},
    {"ran", "run"}, {"rang", "ring"}, {"ridden", "ride"}, {"risen", "rise"}, {"rode", "ride"}, {"said", "say"},
    {"sang", "sing"}, {"sank", "sink"}, {"sat", "sit"}, {"saw", "see"}, {"seen", "see"}, {"sent", "send"},
    {"sewn", "sew"}, {"shaken", "shake"}, {"shelves", "shelf"}, {"shone", "shine"}, {"shook", "shake"},
    {"shot", "shoot"}, {"shown", "show"}, {"shrank", "shrink"}, {"slept", "sleep"}, {"slid", "slide"},
    {"sold", "sell"}, {"sought", "seek"}, {"spent", "spend"}, {"spoke", "speak"}, {"spoken", "speak"},
    {"sprang", "spring"}, {"spun", "spin"}, {"stole", "steal"}, {"stolen", "steal"}, {"stood", "stand"},
    {"struck", "strike"}, {"stuck", "stick"}, {"stung", "sting"}, {"sung", "sing"}, {"sunk", "sink"},
    {"swam", "swim"}, {"swept", "sweep"}, {"swore", "swear"}, {"sworn", "swear"}, {"swum", "swim"},
    {"swung", "swing"}, {"taken", "take"}, {"taught", "teach"}, {"teeth", "tooth"}, {"thieves", "thief"},
    {"thought", "think"}, {"threw", "throw"}, {"thrown", "throw"}, {"told", "tell"}, {"took", "take"},
    {"tore", "tear"}, {"torn", "tear"}, {"understood", "understand"}, {"went", "go"}, {"wept", "weep"},
    {"withdrawn", "withdraw"}, {"withdrew", "withdraw"}, {"wives", "wife"}, {"woke", "wake"}, {"woken", "wake"},
    {"wolves", "wolf"}, {"women", "woman"}, {"won", "win"}, {"wore", "wear"}, {"worn", "wear"}, {"worse", "bad"},
    {"worst", "bad"}, {"wove", "weave"}, {"woven", "weave"}, {"written", "write"}, {"wrote", "write"},
};
// clang-format on

constexpr bool before(const IrregularForm& a, const IrregularForm& b) { return a.form < b.form; }
static_assert(std::is_sorted(std::begin(kForms), std::end(kForms), before));

}  // namespace

std::span<const IrregularForm> irregular_forms() { return kForms; }

std::string_view base_form(std::string_view word) {
  const auto* found = std::lower_bound(std::begin(kForms), std::end(kForms), IrregularForm{word, {}}, before);
  return found != std::end(kForms) && found->form == word ? found->base : word;
}

}  // namespace mnemo
