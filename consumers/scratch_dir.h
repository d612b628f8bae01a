// File: consumers/scratch_dir.h
// A directory of one's own for as long as the work takes, inside one that may hold anything else.
#pragma once

#include <filesystem>
#include <string_view>

namespace mnemo {

class ScratchDir {
 public:
  // Makes `parent`/`name`, empty, and `parent` itself where it is missing. Whoever opens files in it learns of
  // failures.
  ScratchDir(const std::filesystem::path& parent, std::string_view name);
  // Removes it, and `parent` if it was made here and nothing else is in it.
  ~ScratchDir();
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path parent_;
  std::filesystem::path path_;
  bool made_parent_ = false;
};

}  // namespace mnemo
