// File: server/import_present.h
// Whether a line of an import says what is there already, so that an export can be imported where it came from.
//
// The log compares requests, and an exported line is another request than the one that made its memory: it has every
// field. So a line with an id and no key is compared with what an export would say of that memory now, and likewise an
// embedding and a link. A line that is there so is not sent; every other is, and the log decides about it as ever.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "server/cli.h"

namespace mnemo {

struct LineFinding {
  bool there = false;
  std::string why;  // not there so, but another memory has its id: what to say should the log refuse it
};

// The same of a memory's line, against what an export would say now of the memory with its id.
Result<LineFinding> compare_line(const v1::Envelope& line, const std::vector<Json>& exported);

// One thread. What it has seen of the partitions is kept until forget_views(): call it now and then.
class PresentLines {
 public:
  explicit PresentLines(Session& session) : session_(session) {}
  // DATA_LOSS and the like; a line of which nothing is known is not there.
  Result<LineFinding> find(const v1::Envelope& line);
  void forget_views() { views_.clear(); }

 private:
  Result<View*> view_for(const v1::Envelope& line);
  Result<bool> visible(const View& view, const v1::Envelope& line, std::string_view id) const;
  Result<LineFinding> find_link(const View& view, const AgentRef& agent, const v1::Envelope& line) const;
  Result<LineFinding> find_memory(const View& view, const AgentRef& agent, const v1::Envelope& line) const;

  Session& session_;
  std::map<PartitionId, std::unique_ptr<View>> views_;
};

}  // namespace mnemo
