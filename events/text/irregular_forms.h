// File: events/text/irregular_forms.h
// English forms that no suffix rule relates to their base form.
#pragma once

#include <span>
#include <string_view>

namespace mnemo {

struct IrregularForm {
  std::string_view form;
  std::string_view base;
};

// Sorted by form.
std::span<const IrregularForm> irregular_forms();

// "went" -> "go"; the word itself when it is not in the list. Lower case.
std::string_view base_form(std::string_view word);

}  // namespace mnemo
