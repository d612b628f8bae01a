#include "server/standard_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

namespace mnemo {

bool keep_standard_files() {
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    const bool closed = ::fcntl(standard, F_GETFD) < 0 && errno == EBADF;
    // The lowest free number is given, and those below are taken.
    if (closed && ::open("/dev/null", O_RDONLY) != standard) return false;
  }
  return true;
}

}  // namespace mnemo
