// Eject: makes a drive ready to be pulled out, step by step; only when every step is done may it be
// said to be safe.
#pragma once

#include <string>
#include <vector>

#include "base/file_system.h"
#include "media/quirks.h"

namespace courier {

struct Ejected {
  std::string drive;               // "/dev/sdb", and what it says it is
  std::vector<std::string> steps;  // done, in their order, in words
};

// Flushes and unmounts every file system on the drive under `target` (a folder or file on it, its
// node, or "raw:" and that), has the drive write out what it holds itself, takes it from the kernel
// and switches its USB port off where that can be done; a disc or tape is put out.
// A drive whose flush is not believed (quirks.h) is left alone for a while first.
// Errors: usage, for an image file; not_allowed, for what lies on no drive or on a disk of this
// machine, and when something still uses it; device, naming the step that failed. Ensures: what was
// not done is as before; in no order can data be lost, for each step is done only after the one
// before.
Ejected eject(FileSystem& fs, const std::string& target, const Wait& wait = wait_seconds);

}  // namespace courier
