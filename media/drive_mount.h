// Drive mount: a file system that Courier mounts itself, for as long as it reads it: read-only,
// without devices, setuid bits, programs or links that are followed, and undone afterwards.
//
// Who mounts for himself takes a mount namespace of his own first. Then nobody else sees what
// Courier mounts, and the kernel undoes it when the process ends, however it ends; what others
// mount is still seen, and stays theirs.
#pragma once

#include <string>

#include "base/file_system.h"

namespace courier {

// Whether Courier mounts file systems of this kind by itself: what drives and discs are sold with.
// A parser in the kernel is a risk of its own; anything else is mounted by a person, or not at all.
bool is_mountable(const std::string& file_system);

// Gives this process a mount namespace of its own; to be called before it has threads. Returns
// false when the user may not mount. Errors: device.
bool enter_own_mounts();

class DriveMount {
 public:
  // Mounts node ("/dev/sdb1") on a folder of its own in `places`, "sdb1-4711" with this process's
  // number, and removes folders there that killed ones have left. Errors: not_allowed, when this
  // user may not mount, or it is mounted elsewhere; device, also when it is no such file system.
  DriveMount(FileSystem& fs, std::string node, const std::string& file_system,
             const std::string& places);
  ~DriveMount();  // as undo; what fails is not said
  DriveMount(const DriveMount&) = delete;
  DriveMount& operator=(const DriveMount&) = delete;

  const std::string& folder() const { return folder_; }
  // Lets it be written to; all else as before. Errors: device, when the drive is write-protected.
  void make_writable();
  // Unmounts it, has the drive write out what was written to it, and removes the folder. Errors:
  // device.
  void undo();

 private:
  void remove_folder();

  FileSystem& fs_;
  const std::string node_, folder_;
  bool is_mounted_ = false, is_writable_ = false;
};

}  // namespace courier
