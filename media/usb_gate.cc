#include "media/usb_gate.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/bytes.h"
#include "base/error.h"
#include "media/sysfs.h"

namespace courier {

namespace {

constexpr std::uint8_t kMassStorage = 0x08, kOptical = 0x02, kScsi = 0x06, kBulkOnly = 0x50,
                       kUas = 0x62;

bool is_plain_storage(const UsbInterface& one) {
  if (one.device_class != kMassStorage) return false;
  return (one.subclass == kScsi && (one.protocol == kBulkOnly || one.protocol == kUas)) ||
         (one.subclass == kOptical && one.protocol == kBulkOnly);
}

// What people call it. Source: USB-IF, "Defined Class Codes".
std::string kind_of(const UsbInterface& one) {
  switch (one.device_class) {
    case 0x01:
      return "an audio device";
    case 0x02:
      return one.subclass == 0x02 ? "a serial line or modem" : "a network or serial device";
    case 0x03:
      return one.protocol == 1   ? "a keyboard"
             : one.protocol == 2 ? "a mouse"
                                 : "an input device such as a keyboard";
    case 0x06:
      return "a camera or telephone";
    case 0x07:
      return "a printer";
    case kMassStorage:
      return "mass storage of an unusual kind";
    case 0x09:
      return "a hub";
    case 0x0a:
      return "a network or serial device";
    case 0x0b:
      return "a smart card reader";
    case 0x0e:
      return "a video camera";
    case 0xe0:
      return one.subclass == 1 && one.protocol == 3 ? "a network card" : "a wireless controller";
    case 0xef:
      return "a device of several functions";
    case 0xff:
      return "a device of its maker's own kind";
    default:
      return "another device";
  }
}

bool is_hex4(std::string_view text) {
  return text.size() == 4 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Where a medium's target lies: "iso:/x/y.iso" -> "/x/y.iso".
std::string path_in(const std::string& target) {
  for (const std::string_view scheme : {"iso:", "raw:", "tape:"}) {
    if (target.starts_with(scheme)) return target.substr(scheme.size());
  }
  return target;
}

// What is there of a path: it, or the folder that it is to be made in. Empty: neither.
Fd open_what_is_there(FileSystem& fs, const std::string& path) {
  const std::filesystem::path above = std::filesystem::path(path).parent_path();
  for (const std::string& one : {path, above.empty() ? std::string(".") : above.string()}) {
    try {
      return fs.open(one, O_PATH | O_CLOEXEC);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found) throw;
    }
  }
  return {};
}

}  // namespace

UsbGate::UsbGate(std::string_view allow) {
  while (!allow.empty()) {
    const std::size_t comma = allow.find(',');
    std::string_view entry = allow.substr(0, comma);
    allow.remove_prefix(comma == std::string_view::npos ? allow.size() : comma + 1);
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (entry.empty()) continue;
    const std::size_t one = entry.find(':');
    const std::size_t two = one == std::string_view::npos ? one : entry.find(':', one + 1);
    if (two == std::string_view::npos || !is_hex4(entry.substr(0, one)) ||
        !is_hex4(entry.substr(one + 1, two - one - 1)) || entry.find(' ') != entry.npos) {
      throw Error(ErrorCode::usage, "setting gate.allow",
                  "'" + escaped(entry) + "' is no USB device")
          .with_hint(
              "write vendor:product:serial, such as 0951:1666:EVIL01, with commas between; "
              "the first two are four hexadecimal digits");
    }
    allowed_.emplace_back(entry);
  }
}

bool UsbGate::allows(const UsbName& name) const {
  return std::ranges::find(allowed_, name.identity()) != allowed_.end();
}

std::optional<std::string> UsbGate::objection(const UsbDevice& device) const {
  if (allows(device.name)) return std::nullopt;
  if (device.unreadable_configurations > 0) {
    return fmt::format("{} of the {} descriptions of itself cannot be read",
                       device.unreadable_configurations, device.configurations);
  }
  if (device.interfaces.empty()) return "it does not say what it is";
  std::string others;
  for (const UsbInterface& one : device.interfaces) {
    if (is_plain_storage(one)) continue;
    others += fmt::format("{}{} (class {:02x}/{:02x}/{:02x})", others.empty() ? "" : ", ",
                          kind_of(one), one.device_class, one.subclass, one.protocol);
  }
  if (!others.empty()) {
    const bool is_drive = std::ranges::any_of(device.interfaces, is_plain_storage);
    return (is_drive ? "it is not only a drive but also " : "it is no plain drive but ") + others;
  }
  if (device.device_class != 0) {
    return fmt::format("its device class is {:02x}, and a plain drive's is 00",
                       device.device_class);
  }
  return std::nullopt;
}

void UsbGate::check_folder(FileSystem& fs, const std::string& folder,
                           const std::string& subject) const {
  // What is above the folder of a drive that is gone is a hub, and no answer.
  try {
    fs.open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    throw Error(ErrorCode::device, subject, "was taken out");
  }
  const std::string usb = sysfs::usb_device_above(fs, folder);
  if (usb.empty()) return;
  const UsbDevice device = read_usb_device(fs, usb);
  const std::optional<std::string> why = objection(device);
  if (!why) return;
  std::string allow;
  for (const std::string& one : allowed_) allow += one + ",";
  throw Error(ErrorCode::not_trusted, subject,
              fmt::format("USB device {}: {}", device.name.describe(), *why))
      .with_loss("nothing was lost: its content was not looked at")
      .with_hint(fmt::format("take it out and ask where it came from; one that is known and meant "
                             "to be so passes after: courier site set 'gate.allow={}{}'",
                             allow, device.name.identity()));
}

void UsbGate::check(FileSystem& fs, const std::string& target) const {
  const Fd fd = open_what_is_there(fs, path_in(target));
  if (!fd) return;
  for (const std::string& folder : sysfs::devices_under(fs, fd)) {
    check_folder(fs, folder, "medium " + escaped(target));
  }
}

}  // namespace courier
