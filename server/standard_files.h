// File: server/standard_files.h
// The descriptors 0, 1 and 2, which a caller may have closed.
#pragma once

namespace mnemo {

// Opens /dev/null, for reading alone, under each of the three numbers that is free: the next file that is opened, one
// of the log's perhaps, would get that number, and what is printed would be written into it. A write to such a
// descriptor fails, as it does to a closed one. To be called before anything is opened. Whether all three are taken
// now.
bool keep_standard_files();

}  // namespace mnemo
