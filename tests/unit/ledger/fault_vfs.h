// FaultVfs: the kernel's file system as SQLite sees it, failing from the Nth change of a file on,
// as when the machine stops there; or failing that one change, as a full disk does.
#pragma once

#include <sqlite3.h>

#include <climits>

namespace courier {

class FaultVfs {
 public:
  enum class Fault { none, stops, full };

  // Becomes the default of all connections opened while it lives.
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;

  void arm(Fault fault, int at) {
    fault_ = fault;
    at_ = at;
    changes_ = 0;
  }
  void disarm() { fault_ = Fault::none; }
  int changes() const { return changes_; }

  // SQLITE_OK, or what the change under way is to return.
  int judge() {
    const int n = changes_++;
    if (fault_ == Fault::stops && n >= at_) return SQLITE_IOERR;
    if (fault_ == Fault::full && n == at_) return SQLITE_FULL;
    return SQLITE_OK;
  }

 private:
  sqlite3_vfs vfs_;
  Fault fault_ = Fault::none;
  int at_ = INT_MAX, changes_ = 0;
};

}  // namespace courier
