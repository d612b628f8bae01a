// File: server/printable.h
// Text of memories on a terminal: nothing in it may steer the terminal, or turn the order of what is printed around.
// Such are C0 and C1 controls, DEL, U+2028 and U+2029, and those that set the direction of writing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mnemo {

// Text of one line, cut to `columns` characters: a space stands for each line end and for each such character.
std::string one_line(std::string_view text, size_t columns = SIZE_MAX);

// Text of lines: a space stands for each such character but line ends and tabs.
std::string printable(std::string_view text);

// JSON text that says the same, with such characters in its strings as \uXXXX.
std::string escape_controls(std::string_view json);

}  // namespace mnemo
