#include "media/usb_device.h"

#include <fmt/format.h>
#include <libusb.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "media/sysfs.h"

namespace courier {

namespace {

Error unreadable(const UsbName& name, std::string what) {
  return Error(ErrorCode::device, "USB device " + name.describe(), std::move(what))
      .with_loss("nothing was lost: its content was not looked at")
      .with_hint("take it out, plug it in again, and run the same command");
}

// The number that `text` is, or -1.
int number_of(const std::string& text, int base) {
  int value = -1;
  const char* end = text.data() + text.size();
  const auto [stop, fault] = std::from_chars(text.data(), end, value, base);
  return fault == std::errc() && stop == end ? value : -1;
}

void add(UsbDevice& device, const UsbInterface& one) {
  if (std::ranges::find(device.interfaces, one) == device.interfaces.end()) {
    device.interfaces.push_back(one);
  }
}

// What the kernel has found, of the configuration in use: the folders "1-2:1.0", "1-2:1.1".
void add_bound_interfaces(FileSystem& fs, const std::string& folder, UsbDevice& device) {
  const std::string prefix = std::filesystem::path(folder).filename().string() + ":";
  for (const std::string& name : sysfs::names_in(fs, folder)) {
    if (!name.starts_with(prefix)) continue;
    const auto byte = [&](const char* attribute) {
      const int value = number_of(sysfs::text_of(fs, folder + "/" + name + "/" + attribute), 16);
      if (value < 0 || value > 0xff) {
        throw unreadable(device.name, fmt::format("has an interface {} that the kernel does not "
                                                  "describe",
                                                  escaped(name)));
      }
      return static_cast<std::uint8_t>(value);
    };
    add(device, {byte("bInterfaceClass"), byte("bInterfaceSubClass"), byte("bInterfaceProtocol")});
  }
}

void add_configuration(const libusb_config_descriptor& configuration, UsbDevice& device) {
  for (unsigned i = 0; i < configuration.bNumInterfaces; ++i) {
    const libusb_interface& one = configuration.interface[i];
    for (int alternate = 0; alternate < one.num_altsetting; ++alternate) {
      const libusb_interface_descriptor& setting = one.altsetting[alternate];
      add(device,
          {setting.bInterfaceClass, setting.bInterfaceSubClass, setting.bInterfaceProtocol});
    }
  }
}

void add_descriptors(libusb_device* handle, UsbDevice& device) {
  libusb_device_descriptor descriptor{};
  if (libusb_get_device_descriptor(handle, &descriptor) != 0 ||
      fmt::format("{:04x}:{:04x}", descriptor.idVendor, descriptor.idProduct) !=
          device.name.vendor + ":" + device.name.product) {
    throw unreadable(device.name, "is another device by now");
  }
  device.device_class = descriptor.bDeviceClass;
  device.configurations = descriptor.bNumConfigurations;
  for (std::uint8_t i = 0; i < descriptor.bNumConfigurations; ++i) {
    libusb_config_descriptor* configuration = nullptr;
    if (libusb_get_config_descriptor(handle, i, &configuration) != 0) {
      ++device.unreadable_configurations;
      continue;
    }
    add_configuration(*configuration, device);
    libusb_free_config_descriptor(configuration);
  }
}

struct ContextEnd {
  void operator()(libusb_context* context) const { libusb_exit(context); }
};
struct ListEnd {
  void operator()(libusb_device** list) const { libusb_free_device_list(list, 1); }
};

}  // namespace

std::string UsbName::identity() const {
  std::string text;
  for (const char c : serial) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    text += is_plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<std::uint8_t>(c));
  }
  return fmt::format("{}:{}:{}", vendor, product, text);
}

std::string UsbName::describe() const {
  const bool both = !manufacturer.empty() && !product_name.empty();
  const std::string names = manufacturer + (both ? " " : "") + product_name;
  return names.empty() ? identity() : fmt::format("{} ({})", identity(), escaped(names));
}

UsbName read_usb_name(FileSystem& fs, const std::string& folder) {
  const auto text = [&](const char* attribute) {
    return sysfs::text_of(fs, folder + "/" + attribute);
  };
  // The kernel writes both as four hexadecimal digits.
  return {escaped(text("idVendor")), escaped(text("idProduct")), text("serial"),
          text("manufacturer"), text("product")};
}

UsbDevice read_usb_device(FileSystem& fs, const std::string& folder) {
  UsbDevice device;
  device.name = read_usb_name(fs, folder);
  const int bus = number_of(sysfs::text_of(fs, folder + "/busnum"), 10);
  const int address = number_of(sysfs::text_of(fs, folder + "/devnum"), 10);

  libusb_context* made = nullptr;
  if (const int fault = libusb_init(&made); fault != 0) {
    throw unreadable(device.name, fmt::format("its descriptors cannot be read: {}",
                                              libusb_strerror(static_cast<libusb_error>(fault))));
  }
  const std::unique_ptr<libusb_context, ContextEnd> context(made);
  libusb_device** listed = nullptr;
  const ssize_t count = libusb_get_device_list(context.get(), &listed);
  const std::unique_ptr<libusb_device*, ListEnd> list(count < 0 ? nullptr : listed);
  for (ssize_t i = 0; i < count; ++i) {
    if (libusb_get_bus_number(listed[i]) != bus ||
        libusb_get_device_address(listed[i]) != address) {
      continue;
    }
    add_descriptors(listed[i], device);
    add_bound_interfaces(fs, folder, device);
    return device;
  }
  throw unreadable(device.name, "its descriptors cannot be read: libusb does not find it");
}

}  // namespace courier
