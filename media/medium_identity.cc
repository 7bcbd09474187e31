#include "media/medium_identity.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "media/sysfs.h"
#include "media/usb_device.h"

namespace courier {

namespace {

namespace stdfs = std::filesystem;

// What cannot be found out stays empty.
template <typename Ask>
auto or_nothing(Ask ask) -> decltype(ask()) {
  try {
    return ask();
  } catch (const Error&) {
    return {};
  }
}

// The name in /dev/disk/by-* that leads to the device called `device_name`.
std::string udev_name(FileSystem& fs, const std::string& folder, const std::string& device_name) {
  for (const std::string& name : sysfs::names_in(fs, folder)) {
    if (stdfs::path(sysfs::target_of(fs, folder, name)).filename() == device_name) {
      return sysfs::unescaped(name);
    }
  }
  return {};
}

// Of the mounts whose mount point is above `path` the nearest one, those of this device first (a
// subvolume of btrfs has a device number that no mount shows).
void find_mount(const std::vector<sysfs::Mount>& mounts, const std::string& path,
                MediumIdentity& identity) {
  bool exact = false;
  for (const sysfs::Mount& mount : mounts) {
    const bool same_device = mount.device == identity.device;
    if (exact && !same_device) continue;
    const std::string prefix = mount.point.ends_with('/') ? mount.point : mount.point + '/';
    if (path != mount.point && !path.starts_with(prefix)) continue;
    if (exact == same_device && mount.point.size() < identity.mount_point.size()) continue;
    exact = same_device;
    identity.file_system = mount.file_system;
    identity.mount_point = mount.point;
  }
}

}  // namespace

std::uint64_t MediumIdentity::max_file_size() const {
  return file_system == "vfat" || file_system == "msdos" ? UINT32_MAX : INT64_MAX;
}

std::string MediumIdentity::describe() const {
  std::string facts = escaped(file_system);
  const auto add = [&](std::string_view what, const std::string& value) {
    if (!value.empty()) facts += fmt::format("{}{} {}", facts.empty() ? "" : ", ", what, value);
  };
  add("UUID", escaped(uuid));
  if (usb.empty()) {
    add("serial", escaped(serial));
  } else {
    add("USB", usb);  // is escaped as it is
  }
  if (uuid.empty() && drive().empty()) add("device", device);
  std::string text = label.empty() ? kind : escaped(label);
  if (!facts.empty()) text += " (" + facts + ")";
  return mount_point.empty() ? text : text + " at " + escaped(mount_point);
}

MediumIdentity identity_of(FileSystem& fs, const Fd& on, const std::string& root) {
  MediumIdentity identity;
  identity.kind = "folder";
  const dev_t number = fs.stat(on).st_dev;
  identity.device = fmt::format("{}:{}", major(number), minor(number));
  find_mount(or_nothing([&] { return sysfs::mounts(fs, root); }), path_of(on), identity);

  const std::vector<std::string> devices =
      or_nothing([&] { return sysfs::devices_under(fs, on, root); });
  if (devices.empty()) return identity;  // a network share, memory
  const std::string name = stdfs::path(devices.front()).filename();
  const auto udev = [&](const char* folder) {
    return or_nothing([&] { return udev_name(fs, root + "/dev/disk/" + folder, name); });
  };
  identity.uuid = udev("by-uuid");
  identity.label = udev("by-label");
  for (const std::string& device : devices) {
    const std::string usb = or_nothing([&] { return sysfs::usb_device_above(fs, device); });
    if (usb.empty()) continue;
    const UsbName name_on_usb = or_nothing([&] { return read_usb_name(fs, usb); });
    identity.serial = name_on_usb.serial;
    identity.usb = name_on_usb.identity();
    break;
  }
  return identity;
}

namespace {

// Where one of these devices ("8:16", "8:17") is mounted; empty: none is.
std::string mounted_at(const std::vector<sysfs::Mount>& mounts,
                       const std::vector<std::string>& numbers) {
  const auto found = std::ranges::find_if(mounts, [&](const sysfs::Mount& mount) {
    return std::ranges::find(numbers, mount.device) != numbers.end();
  });
  return found == mounts.end() ? std::string() : found->point;
}

}  // namespace

DriveIdentity identity_of_drive(FileSystem& fs, const std::string& numbers,
                                const std::string& root) {
  const auto text_of = [&](const std::string& path) {
    return or_nothing([&] { return sysfs::text_of(fs, path); });
  };
  const auto names_in = [&](const std::string& folder) {
    return or_nothing([&] { return sysfs::names_in(fs, folder); });
  };
  DriveIdentity drive;
  const stdfs::path folder =
      or_nothing([&] { return sysfs::target_of(fs, root + "/sys/dev/block", numbers); });
  drive.is_fixed = folder.empty();
  if (folder.empty()) return drive;
  const bool is_partition = !text_of(folder / "partition").empty();
  const stdfs::path whole = is_partition ? folder.parent_path() : folder;

  // The device itself and, of a whole drive, its partitions.
  std::vector<std::string> all{numbers}, names{folder.filename()};
  for (const std::string& name : names_in(folder)) {
    if (text_of(folder / name / "partition").empty()) continue;
    all.push_back(text_of(folder / name / "dev"));
    names.push_back(name);
  }
  const std::string at = mounted_at(or_nothing([&] { return sysfs::mounts(fs, root); }), all);
  if (!at.empty()) drive.in_use = "mounted at " + escaped(at);
  const std::string swaps = text_of(root + "/proc/swaps");
  for (const std::string& name : names) {
    if (swaps.find("/dev/" + name + " ") != std::string::npos) drive.in_use = "used as swap";
    const stdfs::path holders = (name == names.front() ? folder : folder / name) / "holders";
    for (const std::string& holder : names_in(holders)) drive.in_use = "part of " + holder;
  }

  const std::string usb = or_nothing([&] { return sysfs::usb_device_above(fs, folder); });
  if (!usb.empty()) drive.serial = text_of(usb + "/serial");
  if (drive.serial.empty()) drive.serial = text_of(whole / "device/serial");
  drive.is_image = whole.filename().string().starts_with("loop");
  drive.is_fixed = usb.empty() && !drive.is_image && text_of(whole / "removable") != "1";
  return drive;
}

}  // namespace courier
