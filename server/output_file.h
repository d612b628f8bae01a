// File: server/output_file.h
// A file that a person names to be written: it has all of the new contents or, when anything fails, all of the old.
#pragma once

#include <fstream>
#include <memory>
#include <string>

#include "events/result.h"

namespace mnemo {

// Written under a name of its own beside the file, FILE.part-PID, until it is whole. What is no regular file, such as a
// pipe, is written as it is. One thread.
class OutputFile {
 public:
  // UNAVAILABLE or INVALID_ARGUMENT, with the name.
  static Result<std::unique_ptr<OutputFile>> make(const std::string& path);
  // Removes what was not put in its place.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  std::ostream& stream() { return stream_; }
  // Whole, on disk, and under its name when it returns. UNAVAILABLE.
  Status put_in_place();

 private:
  OutputFile() = default;
  Status make_part();

  std::string path_;  // where links lead
  std::string part_;  // empty: none
  std::ofstream stream_;
};

}  // namespace mnemo
