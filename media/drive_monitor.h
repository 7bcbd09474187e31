// Drive monitor: waits until drives come or go. udev tells of devices, the kernel of mounts.
//
// It says only that there is something to look at; what there is, list_drives tells each time
// afresh. So nothing is missed when events are lost, or come while nobody listens.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace courier {

class DriveMonitor {
 public:
  // Listens from here on. Errors: device, when udev cannot be listened to.
  explicit DriveMonitor(FileSystem& fs);
  ~DriveMonitor();
  DriveMonitor(const DriveMonitor&) = delete;
  DriveMonitor& operator=(const DriveMonitor&) = delete;

  // Waits until drives or mounts have changed, `stop` can be read, a signal came, or `most` is
  // over: then nullopt. Returns the folders in /sys of the devices that were taken out. Errors:
  // device.
  std::optional<std::vector<std::string>> wait(int stop,
                                               std::optional<std::chrono::milliseconds> most);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace courier
