// Write-behind: while a large file is written, the kernel is told now and then to begin, so that
// the device works meanwhile and the sync at the end waits for little.
#pragma once

#include <cstddef>

#include "base/file_system.h"

namespace courier {

// Of one file; one thread.
class WriteBehind {
 public:
  // After each write of so many bytes to fd.
  void wrote(FileSystem& fs, const Fd& fd, std::size_t bytes) {
    pending_ += bytes;
    if (pending_ < kStride) return;
    fs.start_writeback(fd);
    pending_ = 0;
  }

 private:
  static constexpr std::size_t kStride = 8u << 20;
  std::size_t pending_ = 0;
};

}  // namespace courier
