#include "media/medium_identity.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <vector>

#include "base/durable.h"
#include "base/error.h"

namespace courier {

namespace {

namespace stdfs = std::filesystem;

// The byte that `digits` stand for, or -1.
int byte_of(std::string_view digits, int base) {
  int value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, fault] = std::from_chars(digits.data(), end, value, base);
  return fault == std::errc() && stop == end && value < 256 ? value : -1;
}

// The kernel writes a blank in a mount point as \040, udev one in a label as \x20.
std::string unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    int value = -1;
    if (text.size() >= 4 && text[0] == '\\') {
      value = text[1] == 'x' ? byte_of(text.substr(2, 2), 16) : byte_of(text.substr(1, 3), 8);
    }
    out.push_back(value >= 0 ? static_cast<char>(value) : text[0]);
    text.remove_prefix(value >= 0 ? 4 : 1);
  }
  return out;
}

// The text of a small file; empty when it cannot be read.
std::string text_of(FileSystem& fs, const std::string& path) {
  constexpr std::uint64_t kMax = 4u << 20;  // mountinfo of a machine with many containers
  try {
    std::string text = to_string(read_file(fs, path, kMax));
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    return text;
  } catch (const Error&) {
    return {};
  }
}

// Where a link leads, from the link's own folder; empty when there is none.
std::string target_of(FileSystem& fs, const std::string& folder, const std::string& name) {
  try {
    return stdfs::path(folder) / fs.read_link_at(open_dir(fs, folder), name);
  } catch (const Error&) {
    return {};
  }
}

// The name in /dev/disk/by-* that leads to the device called `device_name`.
std::string udev_name(FileSystem& fs, const std::string& folder, const std::string& device_name) {
  try {
    const Fd dir = open_dir(fs, folder);
    for (const DirEntry& entry : fs.list(dir)) {
      if (stdfs::path(fs.read_link_at(dir, entry.name)).filename() == device_name) {
        return unescaped(entry.name);
      }
    }
  } catch (const Error&) {
    // A machine without udev knows no such names.
  }
  return {};
}

// Of the mounts whose mount point is above `path` the nearest one, those of this device first (a
// subvolume of btrfs has a device number that no mount shows).
void find_mount(const std::string& mountinfo, const std::string& path, MediumIdentity& identity) {
  std::istringstream lines(mountinfo);
  bool exact = false;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, parent, device, inner, point, word;
    words >> id >> parent >> device >> inner >> point;
    const bool same_device = device == identity.device;
    if (exact && !same_device) continue;
    point = unescaped(point);
    const std::string prefix = point.ends_with('/') ? point : point + '/';
    if (path != point && !path.starts_with(prefix)) continue;
    if (exact == same_device && point.size() < identity.mount_point.size()) continue;
    exact = same_device;
    while (words >> word && word != "-") {
    }
    words >> identity.file_system;
    identity.mount_point = point;
  }
}

// The serial number of the USB device above a block device: the first folder upwards that describes
// one (it has an idVendor).
std::string usb_serial(FileSystem& fs, const std::string& sysfs, stdfs::path folder) {
  while (folder.string().size() > sysfs.size() && folder.has_relative_path()) {
    if (!text_of(fs, folder / "idVendor").empty()) return text_of(fs, folder / "serial");
    folder = folder.parent_path();
  }
  return {};
}

}  // namespace

std::uint64_t MediumIdentity::max_file_size() const {
  return file_system == "vfat" || file_system == "msdos" ? UINT32_MAX : INT64_MAX;
}

std::string MediumIdentity::describe() const {
  std::string facts = file_system;
  const auto add = [&](std::string_view what, const std::string& value) {
    if (!value.empty()) facts += fmt::format("{}{} {}", facts.empty() ? "" : ", ", what, value);
  };
  add("UUID", uuid);
  add("serial", serial);
  if (uuid.empty() && serial.empty()) add("device", device);
  std::string text = label.empty() ? kind : label;
  if (!facts.empty()) text += " (" + facts + ")";
  return escaped(mount_point.empty() ? text : text + " at " + mount_point);
}

MediumIdentity identity_of(FileSystem& fs, const Fd& on, const std::string& root) {
  MediumIdentity identity;
  identity.kind = "folder";
  const dev_t number = fs.stat(on).st_dev;
  identity.device = fmt::format("{}:{}", major(number), minor(number));
  find_mount(text_of(fs, root + "/proc/self/mountinfo"), path_of(on), identity);

  const std::string sysfs = root + "/sys";
  const std::string link = target_of(fs, sysfs + "/dev/block", identity.device);
  if (link.empty()) return identity;  // no block device: a network share, memory
  const stdfs::path device = stdfs::path(link).lexically_normal();
  identity.uuid = udev_name(fs, root + "/dev/disk/by-uuid", device.filename());
  identity.label = udev_name(fs, root + "/dev/disk/by-label", device.filename());
  identity.serial = usb_serial(fs, sysfs, device);
  return identity;
}

namespace {

// The names below a folder; empty when it cannot be read.
std::vector<std::string> names_in(FileSystem& fs, const std::string& folder) {
  std::vector<std::string> names;
  try {
    for (const DirEntry& entry : fs.list(open_dir(fs, folder))) names.push_back(entry.name);
  } catch (const Error&) {
    // Not there.
  }
  return names;
}

// How one of these devices ("8:16", "8:17") is mounted; empty: none is.
std::string mounted_at(const std::string& mountinfo, const std::vector<std::string>& numbers) {
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, parent, device, inner, point;
    words >> id >> parent >> device >> inner >> point;
    if (std::ranges::find(numbers, device) != numbers.end()) return unescaped(point);
  }
  return {};
}

}  // namespace

DriveIdentity identity_of_drive(FileSystem& fs, const std::string& numbers,
                                const std::string& root) {
  DriveIdentity drive;
  const std::string sysfs = root + "/sys";
  const std::string link = target_of(fs, sysfs + "/dev/block", numbers);
  drive.is_fixed = link.empty();
  if (link.empty()) return drive;
  const stdfs::path folder = stdfs::path(link).lexically_normal();
  const bool is_partition = !text_of(fs, folder / "partition").empty();
  const stdfs::path whole = is_partition ? folder.parent_path() : folder;

  // The device itself and, of a whole drive, its partitions.
  std::vector<std::string> all{numbers}, names{folder.filename()};
  for (const std::string& name : names_in(fs, folder)) {
    if (text_of(fs, folder / name / "partition").empty()) continue;
    all.push_back(text_of(fs, folder / name / "dev"));
    names.push_back(name);
  }
  const std::string at = mounted_at(text_of(fs, root + "/proc/self/mountinfo"), all);
  if (!at.empty()) drive.in_use = "mounted at " + escaped(at);
  const std::string swaps = text_of(fs, root + "/proc/swaps");
  for (const std::string& name : names) {
    if (swaps.find("/dev/" + name + " ") != std::string::npos) drive.in_use = "used as swap";
    const stdfs::path holders = (name == names.front() ? folder : folder / name) / "holders";
    for (const std::string& holder : names_in(fs, holders)) drive.in_use = "part of " + holder;
  }

  drive.serial = usb_serial(fs, sysfs, folder);
  if (drive.serial.empty()) drive.serial = text_of(fs, whole / "device/serial");
  const bool is_on_usb = folder.string().find("/usb") != std::string::npos;
  drive.is_image = whole.filename().string().starts_with("loop");
  drive.is_fixed = !is_on_usb && !drive.is_image && text_of(fs, whole / "removable") != "1";
  return drive;
}

}  // namespace courier
