// File: projector/links.h
// Rows of links between memories of one agent: forward under the memory it leaves, backward under the one it reaches.
// Written in projector/ only; an export reads them.
#pragma once

#include <string>
#include <string_view>

#include "projector/state.h"

namespace mnemo {

struct Link {
  std::string from;  // memory keys
  std::string type;
  std::string to;
};

// Prefix of all links from a memory, and of all links to it.
std::string links_from(AgentOrd ord, std::string_view memory_key);
std::string links_to(AgentOrd ord, std::string_view memory_key);

bool decode_link(std::string_view key, Link& out);  // of either row's key; false when it is damaged

Result<bool> has_link(State& state, const AgentState& agent, const Link& link);
void insert_link(State& state, const AgentState& agent, const Link& link);
void remove_link(State& state, const AgentState& agent, const Link& link);

}  // namespace mnemo
