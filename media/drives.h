// Drives: what could carry parcels and is plugged in now: drives on USB, removable and optical
// ones, each file system on them by itself. From udev's record of the devices; nothing on a drive
// is read for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace courier {

struct Drive {
  std::string node;    // "/dev/sdb1"
  std::string folder;  // of the device, in /sys
  std::string usb;     // "0951:1666:GOOD01 (Kingston DataTraveler 3.0)"; empty: not on USB
  std::string file_system, label, uuid;  // label: raw bytes; empty: none, or not known
  std::uint64_t size = 0;                // in bytes
  std::string mount_point;               // empty: not mounted
  bool is_optical = false;
  bool is_plain = false;   // neither file system nor partitions are known: "raw:" it may be
  bool is_settled = true;  // udev, where it runs, has looked at it: what is said here is all
  // Another one each time a medium is put in; empty where the kernel does not count them.
  std::string sequence;

  // What open_medium takes for it; empty: it would have to be mounted first.
  std::string target() const;
};

// In the order of their nodes; a drive with partitions is listed as these, a slot without a medium
// and a drive that this machine runs from not at all. Errors: device, when udev does not answer.
std::vector<Drive> list_drives(FileSystem& fs);

// Whether what is at `path` lies on this drive, or on another partition of it. Errors: not_found;
// device.
bool lies_on(FileSystem& fs, const std::string& path, const Drive& drive);

}  // namespace courier
