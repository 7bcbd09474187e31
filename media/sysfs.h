// Sysfs: what the kernel says of the devices under a folder, a file or a device node: small text
// files, and links between folders. media/ learns from it on which drive something lies.
//
// What is not there is an empty answer; what is there and cannot be read is an error, so that a
// gate does not open because a question failed.
#pragma once

#include <string>
#include <vector>

#include "base/file_system.h"

namespace courier::sysfs {

// The text of a small file, without blanks and line ends behind it; empty when there is none.
// Errors: device, damaged.
std::string text_of(FileSystem& fs, const std::string& path);

// Where the link `name` in `folder` leads, as a path without dots; empty when there is none.
// Errors: device.
std::string target_of(FileSystem& fs, const std::string& folder, const std::string& name);

// The names in a folder; empty when there is none. Errors: device.
std::vector<std::string> names_in(FileSystem& fs, const std::string& folder);

// One mount, of /proc/self/mountinfo.
struct Mount {
  std::string device;  // "8:17"
  std::string point;   // "/media/stick", as it is called
  std::string file_system, source;
};
std::vector<Mount> mounts(FileSystem& fs, const std::string& root = "");
// The same of that file's text.
std::vector<Mount> mounts_in(const std::string& text);

// The kernel writes a blank in a mount point as \040, udev one in a label as \x20.
std::string unescaped(std::string_view text);

// The folders below /sys/devices of what holds an open folder, file or device node: of the block or
// character device itself, and of every device under an encrypted or combined one, or under an
// image file. Empty for what lies on no device: a network share, memory. root: what stands before
// /proc, /sys and /dev. Errors: device.
std::vector<std::string> devices_under(FileSystem& fs, const Fd& on, const std::string& root = "");

// The folder of the whole drive that a block device is, or is a partition of. Errors: device.
std::string whole_drive(FileSystem& fs, const std::string& folder);

// The folders of the drives that this machine runs from: that hold /, /boot, /usr or /var. They may
// be on USB. Errors: device.
std::vector<std::string> system_drives(FileSystem& fs);

// The folder of the USB device that a device's folder lies in, the nearest one upwards; empty: it
// is on no USB bus. Errors: device.
std::string usb_device_above(FileSystem& fs, const std::string& folder);

}  // namespace courier::sysfs
