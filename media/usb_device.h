// USB device: what a USB device says of itself, read before anything on it is: its descriptors with
// every configuration and every alternate setting, by libusb, and what the kernel made of them.
//
// All of it is claimed by the device, and a hostile one claims what it likes. The descriptors are
// those that the kernel read when the device was plugged in (the same bytes bound its drivers), so
// a device cannot answer Courier otherwise than it answered the kernel. libusb stops at a
// descriptor that is cut off and says nothing of what lies behind; so the interfaces that the
// kernel has bound are looked at as well.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace courier {

// What a device states of its name, in /sys.
struct UsbName {
  std::string vendor, product;             // "0951", "1666"
  std::string serial;                      // raw bytes; empty: it has none
  std::string manufacturer, product_name;  // raw bytes

  // "0951:1666:GOOD01": one word, safe to show and to type. In the serial number what is neither
  // letter, digit, dot, hyphen nor underscore is written as \xNN.
  std::string identity() const;
  // "0951:1666:GOOD01 (Kingston DataTraveler 3.0)"
  std::string describe() const;
};

struct UsbInterface {
  std::uint8_t device_class = 0, subclass = 0, protocol = 0;
  bool operator==(const UsbInterface&) const = default;
};

struct UsbDevice {
  UsbName name;
  std::uint8_t device_class = 0;
  unsigned configurations = 0, unreadable_configurations = 0;
  std::vector<UsbInterface> interfaces;  // of all settings, each kind once, in their order
};

// folder: of a USB device in /sys. Errors: device.
UsbName read_usb_name(FileSystem& fs, const std::string& folder);

// Errors: device, also when libusb does not find it or finds another in its place.
UsbDevice read_usb_device(FileSystem& fs, const std::string& folder);

}  // namespace courier
