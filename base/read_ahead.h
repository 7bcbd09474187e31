// Read-ahead: while a large file is read from its beginning to its end, the kernel is asked for
// what comes next, further ahead than it goes by itself, so that the device works while this
// program does.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <cstdint>

#include "base/file_system.h"

namespace courier {

// Of one file; one thread. A hint: what fails is ignored.
class ReadAhead {
 public:
  // Before the read at this offset.
  void reading(const Fd& fd, std::uint64_t offset) {
    // What one read takes in needs no help.
    if (offset == 0 || offset + kWindow / 2 < asked_) return;
    asked_ = std::max(asked_, offset);
    ::posix_fadvise(fd.get(), static_cast<off_t>(asked_), kWindow, POSIX_FADV_WILLNEED);
    asked_ += kWindow;
  }

 private:
  static constexpr std::uint64_t kWindow = 8u << 20;
  std::uint64_t asked_ = 0;
};

}  // namespace courier
