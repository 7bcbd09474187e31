// Which medium this is, for the record of who carried what on which stick: what the kernel, the
// file system and the device itself say. Self-declared, so it is a label for people and never
// decides anything.
#pragma once

#include <cstdint>
#include <string>

#include "base/file_system.h"

namespace courier {

struct MediumIdentity {
  std::string kind;         // "folder"
  std::string mount_point;  // "/media/stick"
  std::string file_system;  // "vfat"; empty: not known
  std::string uuid, label;  // of the file system; empty: it has none
  std::string serial;       // of the drive, as it states it; empty: it has none
  std::string usb;          // "0951:1666:STICK001", vendor:product:serial; empty: not on USB
  std::string device;       // kernel numbers, "8:17"

  // The largest file its file system can hold.
  std::uint64_t max_file_size() const;
  // Which drive it is, for the record: what it is on USB, else its serial number, else nothing.
  const std::string& drive() const { return usb.empty() ? serial : usb; }
  // "FIELD01 (vfat, UUID 1A2B-3C4D, USB 0951:1666:STICK001) at /media/stick"
  std::string describe() const;
};

// Asks about the medium that holds an open folder or file. root: what stands before /proc, /sys
// and /dev. What cannot be found out stays empty. Errors: device, when `on` itself fails.
MediumIdentity identity_of(FileSystem& fs, const Fd& on, const std::string& root = "");

// A whole drive or partition, by its kernel numbers ("8:16"), and what speaks against writing to it
// past every file system.
struct DriveIdentity {
  std::string serial;     // empty: it has none
  std::string in_use;     // "mounted at /media/stick", "used as swap", "part of dm-0"; empty: not
  bool is_fixed = false;  // neither removable nor on USB: a disk of this machine
  bool is_image = false;  // a loop device: an image file
};

// Asks about it. root: as identity_of. Errors: none; what cannot be found out counts as fixed.
DriveIdentity identity_of_drive(FileSystem& fs, const std::string& numbers,
                                const std::string& root = "");

}  // namespace courier
