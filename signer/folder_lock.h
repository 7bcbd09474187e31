// Keeps two couriers from changing the same small file at once: each change reads it, changes it
// and writes it while this lock is held. Held for milliseconds, so whoever comes second waits;
// unlike the home's lock, which work holds for hours and `site revoke` must not wait for.
#pragma once

#include <sys/file.h>

#include <cerrno>

#include "base/error.h"
#include "base/file_system.h"

namespace courier {

class FolderLock {
 public:
  // dir: must outlive the lock. Errors: device.
  explicit FolderLock(const Fd& dir) : dir_(dir) {
    while (::flock(dir_.get(), LOCK_EX) != 0) {
      if (errno != EINTR) throw system_error(errno, "folder of the home", "cannot be locked");
    }
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() { ::flock(dir_.get(), LOCK_UN); }

 private:
  const Fd& dir_;
};

}  // namespace courier
