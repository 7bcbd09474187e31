#include "media/drives.h"

#include <fcntl.h>
#include <libudev.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <set>

#include "base/error.h"
#include "media/sysfs.h"
#include "media/udev_held.h"
#include "media/usb_device.h"

namespace courier {

namespace {

std::string text(const char* given) { return given == nullptr ? "" : given; }
std::string property(udev_device* device, const char* name) {
  return text(udev_device_get_property_value(device, name));
}
std::string attribute(udev_device* device, const char* name) {
  return text(udev_device_get_sysattr_value(device, name));
}

std::uint64_t size_of(udev_device* device) {
  constexpr std::uint64_t kSector = 512;  // what the kernel counts in, whatever the drive has
  return std::strtoull(attribute(device, "size").c_str(), nullptr, 10) * kSector;
}

// The drive that a partition is of; the device itself when it is none.
udev_device* whole_of(udev_device* device) {
  udev_device* above = text(udev_device_get_devtype(device)) == "partition"
                           ? udev_device_get_parent_with_subsystem_devtype(device, "block", "disk")
                           : nullptr;
  return above == nullptr ? device : above;
}

// numbers: the device's, "8:17".
void find_mount(const std::vector<sysfs::Mount>& mounts, const std::string& numbers, Drive& drive) {
  for (const sysfs::Mount& mount : mounts) {
    if (mount.device != numbers && mount.source != drive.node) continue;
    drive.mount_point = mount.point;
    if (drive.file_system.empty()) drive.file_system = mount.file_system;
    return;
  }
}

// nullopt: a disk of this machine, or a slot without a medium.
std::optional<Drive> drive_of(FileSystem& fs, udev_device* device, udev_device* whole,
                              const std::vector<sysfs::Mount>& mounts) {
  Drive drive;
  drive.folder = text(udev_device_get_syspath(device));
  drive.node = text(udev_device_get_devnode(device));
  if (drive.node.empty()) drive.node = "/dev/" + text(udev_device_get_sysname(device));
  drive.is_optical = text(udev_device_get_sysname(whole)).starts_with("sr");
  const std::string usb = sysfs::usb_device_above(fs, drive.folder);
  if (usb.empty() && !drive.is_optical && attribute(whole, "removable") != "1") return {};
  drive.size = size_of(device);
  const bool has_medium =
      drive.is_optical ? property(device, "ID_CDROM_MEDIA") == "1" : drive.size > 0;
  if (!has_medium) return {};
  if (!usb.empty()) drive.usb = read_usb_name(fs, usb).describe();
  drive.sequence = attribute(whole, "diskseq");
  drive.file_system = property(device, "ID_FS_TYPE");
  drive.uuid = property(device, "ID_FS_UUID");
  drive.label = sysfs::unescaped(property(device, "ID_FS_LABEL_ENC"));
  if (drive.label.empty()) drive.label = property(device, "ID_FS_LABEL");
  find_mount(mounts, attribute(device, "dev"), drive);
  drive.is_plain = !drive.is_optical && drive.file_system.empty() &&
                   property(device, "ID_PART_TABLE_TYPE").empty();
  drive.is_settled = udev_device_get_is_initialized(device) != 0;
  return drive;
}

}  // namespace

std::string Drive::target() const {
  if (is_optical) return node;
  return is_plain ? "raw:" + node : mount_point;
}

std::vector<Drive> list_drives(FileSystem& fs) {
  const Held<udev> context(udev_new());
  const Held<udev_enumerate> found(context ? udev_enumerate_new(context.get()) : nullptr);
  if (!found || udev_enumerate_add_match_subsystem(found.get(), "block") < 0 ||
      udev_enumerate_scan_devices(found.get()) < 0) {
    throw Error(ErrorCode::device, "list of drives", "udev does not give it")
        .with_hint("see whether /sys is mounted");
  }
  const std::vector<sysfs::Mount> mounts = sysfs::mounts(fs);
  const std::vector<std::string> of_system = sysfs::system_drives(fs);
  const std::vector<std::string> udev_has = sysfs::names_in(fs, "/run/udev");
  const bool udev_runs = std::ranges::find(udev_has, "control") != udev_has.end();
  std::vector<Drive> drives;
  std::set<std::string> parted;  // drives that have partitions
  for (udev_list_entry* entry = udev_enumerate_get_list_entry(found.get()); entry != nullptr;
       entry = udev_list_entry_get_next(entry)) {
    const std::string folder = udev_list_entry_get_name(entry);
    const Held<udev_device> device(udev_device_new_from_syspath(context.get(), folder.c_str()));
    if (!device) continue;  // taken out meanwhile
    udev_device* whole = whole_of(device.get());
    const std::string whole_folder = text(udev_device_get_syspath(whole));
    if (std::ranges::find(of_system, whole_folder) != of_system.end()) continue;
    std::optional<Drive> drive;
    try {
      drive = drive_of(fs, device.get(), whole, mounts);
    } catch (const Error&) {
      if (sysfs::text_of(fs, folder + "/dev").empty()) continue;  // the same
      throw;
    }
    if (!drive) continue;
    if (whole != device.get()) parted.insert(whole_folder);
    if (!udev_runs) drive->is_settled = true;
    drives.push_back(std::move(*drive));
  }
  std::erase_if(drives, [&](const Drive& drive) {
    return parted.contains(drive.folder) && drive.mount_point.empty();
  });
  std::ranges::sort(drives, {}, &Drive::node);
  return drives;
}

bool lies_on(FileSystem& fs, const std::string& path, const Drive& drive) {
  const std::string whole = sysfs::whole_drive(fs, drive.folder);
  const std::vector<std::string> devices =
      sysfs::devices_under(fs, fs.open(path, O_PATH | O_CLOEXEC));
  return std::ranges::any_of(
      devices, [&](const std::string& device) { return sysfs::whole_drive(fs, device) == whole; });
}

}  // namespace courier
