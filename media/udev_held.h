// What libudev lends, given back. Not for other rooms.
#pragma once

#include <libudev.h>

#include <memory>

namespace courier {

struct Unref {
  void operator()(udev* one) const { udev_unref(one); }
  void operator()(udev_enumerate* one) const { udev_enumerate_unref(one); }
  void operator()(udev_device* one) const { udev_device_unref(one); }
  void operator()(udev_monitor* one) const { udev_monitor_unref(one); }
};
template <typename T>
using Held = std::unique_ptr<T, Unref>;

}  // namespace courier
