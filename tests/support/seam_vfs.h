// SQLite's files through a FileSystem, so that the same faults and crashes reach the databases.
//
// Locks stay with the kernel's VFS. Temporary files live in memory, but their reads and writes go
// through the seam all the same.
#pragma once

#include <sqlite3.h>

#include "base/file_system.h"

namespace courier::test {

// The default of all connections opened while it lives. One at a time.
class SeamVfs {
 public:
  explicit SeamVfs(FileSystem& fs);
  ~SeamVfs();
  SeamVfs(const SeamVfs&) = delete;
  FileSystem& fs() { return fs_; }
  sqlite3_vfs& kernel() { return *kernel_; }

 private:
  FileSystem& fs_;
  sqlite3_vfs* kernel_;
  sqlite3_vfs vfs_;
};

}  // namespace courier::test
