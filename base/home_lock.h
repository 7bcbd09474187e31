// HomeLock: one courier at a time works on a home.
#pragma once

#include <string>

#include "base/file_system.h"

namespace courier {

// Held by everything that writes the store or a share. Released by the destructor, or by the kernel
// when the process ends.
class HomeLock {
 public:
  // doing: "parcel create", written into the lock file for the message of the next one.
  // Errors: busy, naming the holder's process, what it does and since when.
  HomeLock(FileSystem& fs, const std::string& home, const std::string& doing);

 private:
  Fd fd_;
};

}  // namespace courier
