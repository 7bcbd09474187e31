// A test bed of USB devices that are not there: what /sys, libusb and udev say of them. For
// programs that run under umockdev-wrapper.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <umockdev.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace courier::test {

// The bytes of descriptors: USB 2.0 specification, 9.6.
inline Bytes device_descriptor(unsigned vendor, unsigned product, unsigned device_class = 0,
                               unsigned configurations = 1) {
  const auto low = [](unsigned n) { return static_cast<std::uint8_t>(n & 0xff); };
  const auto high = [](unsigned n) { return static_cast<std::uint8_t>(n >> 8); };
  return {18,
          1,
          0,
          2,
          low(device_class),
          0,
          0,
          64,
          low(vendor),
          high(vendor),
          low(product),
          high(product),
          0,
          1,
          1,
          2,
          3,
          low(configurations)};
}
inline Bytes interface_descriptor(std::uint8_t number, std::uint8_t alternate, std::uint8_t klass,
                                  std::uint8_t subclass, std::uint8_t protocol) {
  return {9, 4, number, alternate, 0, klass, subclass, protocol, 0};
}
// interfaces: how many it says it has. body: what follows it.
inline Bytes configuration_descriptor(std::uint8_t number, std::uint8_t interfaces,
                                      const std::vector<Bytes>& body) {
  Bytes all{9, 2, 0, 0, interfaces, number, 0, 0x80, 250};
  for (const Bytes& one : body) all.insert(all.end(), one.begin(), one.end());
  all[2] = static_cast<std::uint8_t>(all.size() & 0xff);
  all[3] = static_cast<std::uint8_t>(all.size() >> 8);
  return all;
}
inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline const Bytes& storage_interface() {
  static const Bytes bytes = interface_descriptor(0, 0, 0x08, 0x06, 0x50);
  return bytes;
}

struct UsbSpec {
  std::string port = "1-1";
  unsigned number = 2;  // of the device on its bus
  std::string vendor = "0951", product = "1666", serial = "GOOD01";
  std::string manufacturer = "Kingston", product_name = "DataTraveler 3.0";
  Bytes descriptors =
      device_descriptor(0x0951, 0x1666) + configuration_descriptor(1, 1, {storage_interface()});
  std::vector<std::string> bound = {"08/06/50"};  // the interfaces that the kernel has bound
  dev_t disk = 0;                                 // numbers of its block device; 0: has none
  unsigned disk_blocks = 131072;                  // of 512 bytes; 0: there is no medium in it
};

class UsbBed {
 public:
  UsbBed() : bed_(umockdev_testbed_new()) {}
  ~UsbBed() { g_object_unref(bed_); }
  UsbBed(const UsbBed&) = delete;
  UsbBed& operator=(const UsbBed&) = delete;

  // Returns its folder in /sys.
  std::string plug(const UsbSpec& spec) {
    const std::string path = "/devices/pci0000:00/0000:00:14.0/usb1/" + spec.port;
    const std::string hex = upper(to_hex(spec.descriptors));
    std::string text = fmt::format(
        "P: {}\nN: bus/usb/001/{:03}={}\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\n"
        "E: DEVNAME=/dev/bus/usb/001/{:03}\nE: BUSNUM=001\nE: DEVNUM={:03}\nE: MAJOR=189\n"
        "E: MINOR={}\n",
        path, spec.number, hex, spec.number, spec.number, spec.number - 1);
    const auto attribute = [&](std::string_view name, const std::string& value) {
      text += fmt::format("A: {}={}\\n\n", name, value);
    };
    attribute("busnum", "1");
    attribute("devnum", std::to_string(spec.number));
    attribute("speed", "480");
    attribute("idVendor", spec.vendor);
    attribute("idProduct", spec.product);
    attribute("bConfigurationValue", "1");
    if (!spec.manufacturer.empty()) attribute("manufacturer", spec.manufacturer);
    if (!spec.product_name.empty()) attribute("product", spec.product_name);
    if (!spec.serial.empty()) attribute("serial", spec.serial);
    text += fmt::format("H: descriptors={}\n\n", hex);
    for (std::size_t i = 0; i < spec.bound.size(); ++i) {
      text += fmt::format(
          "P: {}/{}:1.{}\nE: DEVTYPE=usb_interface\nE: SUBSYSTEM=usb\n"
          "A: bInterfaceClass={}\\n\nA: bInterfaceSubClass={}\\n\nA: bInterfaceProtocol={}\\n\n\n",
          path, spec.port, i, spec.bound[i].substr(0, 2), spec.bound[i].substr(3, 2),
          spec.bound[i].substr(6, 2));
    }
    if (spec.disk != 0) {
      text += fmt::format(
          "P: {0}/{1}:1.0/host0/target0:0:0/0:0:0:0/block/sd{2}\nN: sd{2}\nE: DEVNAME=/dev/sd{2}\n"
          "E: DEVTYPE=disk\nE: SUBSYSTEM=block\nE: MAJOR={3}\nE: MINOR={4}\nA: dev={3}:{4}\\n\n"
          "A: removable=1\\n\nA: size={5}\\n\n\n",
          path, spec.port, static_cast<char>('a' + spec.number), major(spec.disk), minor(spec.disk),
          spec.disk_blocks);
    }
    GError* fault = nullptr;
    if (!umockdev_testbed_add_from_string(bed_, text.c_str(), &fault)) {
      ADD_FAILURE() << (fault != nullptr ? fault->message : "no test bed") << "\n" << text;
      g_clear_error(&fault);
    }
    return "/sys" + path;
  }

  // Takes a device out: of this folder.
  void pull(const std::string& folder) {
    umockdev_testbed_uevent(bed_, folder.c_str(), "remove");
    umockdev_testbed_remove_device(bed_, folder.c_str());
  }

  // From now on it describes itself so. folder: as plug gave it.
  void describe(const std::string& folder, Bytes descriptors) {
    umockdev_testbed_set_attribute_binary(bed_, folder.c_str(), "descriptors", descriptors.data(),
                                          static_cast<int>(descriptors.size()));
  }

 private:
  static std::string upper(std::string hex) {
    for (char& c : hex) {
      if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    }
    return hex;
  }

  UMockdevTestbed* bed_;
};

}  // namespace courier::test
