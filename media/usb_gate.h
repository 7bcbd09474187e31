// The gate: what a USB device says of itself is looked at before what lies on it. A drive is mass
// storage and nothing else; a stick that is a keyboard or a network card besides was built to
// deceive, and is refused by its name, whatever it holds.
//
// What passes: device class 00, and every interface in every setting of every configuration is mass
// storage (08): SCSI commands (06) by bulk-only (50) or UAS (62), or an optical drive (02) by
// bulk-only. Anything else passes only when the setting gate.allow names it. What is on no USB bus
// has no descriptors: it passes.
//
// What it is not: the kernel has bound its drivers before Courier looks, and a device can become
// another one later. It keeps a person from trusting such a drive; keeping the kernel from it is
// the matter of usbcore.authorized_default. See docs/threat-model.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "media/usb_device.h"

namespace courier {

class UsbGate {
 public:
  // Nothing odd passes.
  UsbGate() = default;
  // allow: "0951:1666:EVIL01, 0781:5581:", as UsbName::identity() writes them; a device without a
  // serial number has nothing behind the second colon. Errors: usage.
  explicit UsbGate(std::string_view allow);

  // Why the device is refused: "it is also a keyboard (class 03/01/01)"; nullopt: it passes.
  std::optional<std::string> objection(const UsbDevice& device) const;
  bool allows(const UsbName& name) const;

  // Looks at the USB devices under a medium. target: as open_medium takes it; what is not there
  // passes, and is missed by who opens it. Errors: not_trusted, naming the device; device, when it
  // cannot be told.
  void check(FileSystem& fs, const std::string& target) const;
  // The same of a device's folder in /sys.
  void check_folder(FileSystem& fs, const std::string& folder, const std::string& subject) const;

 private:
  std::vector<std::string> allowed_;  // identities
};

}  // namespace courier
