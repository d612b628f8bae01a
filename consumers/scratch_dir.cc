#include "consumers/scratch_dir.h"

#include <system_error>

namespace mnemo {

ScratchDir::ScratchDir(const std::filesystem::path& parent, std::string_view name)
    : parent_(parent), path_(parent / name) {
  std::error_code ignored;
  made_parent_ = std::filesystem::create_directories(parent_, ignored);
  std::filesystem::remove_all(path_, ignored);
  std::filesystem::create_directories(path_, ignored);
}

ScratchDir::~ScratchDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  if (made_parent_) std::filesystem::remove(parent_, ignored);
}

}  // namespace mnemo
