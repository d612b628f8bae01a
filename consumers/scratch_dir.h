// File: consumers/scratch_dir.h
// A directory of one's own for as long as the work takes, inside one that may hold anything else.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "events/result.h"

namespace mnemo {

class ScratchDir {
 public:
  // Makes `parent`/mnemo-`name`-XXXXXX, which no other process has, and `parent` itself where it is missing. One of
  // that form that nobody uses any more, as a process that was killed leaves it, is removed. UNAVAILABLE, with the
  // name.
  static Result<std::unique_ptr<ScratchDir>> make(const std::filesystem::path& parent, std::string_view name);
  // Removes it, and `parent` if it was made here and nothing else is in it.
  ~ScratchDir();
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  ScratchDir(std::filesystem::path parent, bool made_parent) : parent_(std::move(parent)), made_parent_(made_parent) {}
  Status take(const std::string& form);
  void remove_left_over(const std::string& prefix) const;

  std::filesystem::path parent_;
  std::filesystem::path path_;
  bool made_parent_ = false;
  int lock_ = -1;  // of the directory, for as long as it is used
};

}  // namespace mnemo
