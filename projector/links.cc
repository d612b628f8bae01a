#include "projector/links.h"

#include "events/coding.h"
#include "projector/store/memory_id.h"

namespace mnemo {
namespace {

std::string forward_key(AgentOrd ord, const Link& link) {
  std::string key = links_from(ord, link.from);
  put_bytes(key, link.type);
  put_bytes(key, link.to);
  return key;
}

std::string backward_key(AgentOrd ord, const Link& link) {
  std::string key = links_to(ord, link.to);
  put_bytes(key, link.type);
  put_bytes(key, link.from);
  return key;
}

std::string content_of(const Link& link) {
  std::string bytes;
  for (const std::string& id : {link.from, link.to}) {
    put_bytes(bytes, is_server_made(id) ? std::string_view() : std::string_view(id));
  }
  put_bytes(bytes, link.type);
  return bytes;
}

std::string prefix_of(keys::Row row, AgentOrd ord, std::string_view memory_key) {
  std::string key = keys::of_agent(row, ord);
  put_bytes(key, memory_key);
  return key;
}

}  // namespace

std::string links_from(AgentOrd ord, std::string_view memory_key) {
  return prefix_of(keys::Row::kLink, ord, memory_key);
}

std::string links_to(AgentOrd ord, std::string_view memory_key) {
  return prefix_of(keys::Row::kBacklink, ord, memory_key);
}

bool decode_link(std::string_view key, Link& out) {
  Decoder in(key);
  const bool forward = in.u8() == static_cast<uint8_t>(keys::Row::kLink);
  in.be32();
  const std::string_view first = in.bytes();
  out.type = in.bytes();
  const std::string_view second = in.bytes();
  out.from = forward ? first : second;
  out.to = forward ? second : first;
  return in.done();
}

Result<bool> has_link(State& state, const AgentState& agent, const Link& link) {
  std::string value;
  return state.rows().get(forward_key(agent.ord, link), value);
}

void insert_link(State& state, const AgentState& agent, const Link& link) {
  state.insert(forward_key(agent.ord, link), {});
  state.insert(backward_key(agent.ord, link), {});
  state.add_content('l', agent, content_of(link));
}

void remove_link(State& state, const AgentState& agent, const Link& link) {
  state.remove(forward_key(agent.ord, link), {});
  state.remove(backward_key(agent.ord, link), {});
  state.drop_content('l', agent, content_of(link));
}

}  // namespace mnemo
