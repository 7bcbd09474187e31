#include "media/drive_monitor.h"

#include <fcntl.h>
#include <libudev.h>
#include <poll.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "media/udev_held.h"

namespace courier {

struct DriveMonitor::Impl {
  Held<udev> context;
  Held<udev_monitor> events;
  Fd mounts;  // the kernel marks it when a mount of this process's namespace comes or goes
};

DriveMonitor::DriveMonitor(FileSystem& fs) : impl_(std::make_unique<Impl>()) {
  impl_->context.reset(udev_new());
  if (impl_->context) {
    impl_->events.reset(udev_monitor_new_from_netlink(impl_->context.get(), "udev"));
  }
  udev_monitor* events = impl_->events.get();
  if (events == nullptr ||
      udev_monitor_filter_add_match_subsystem_devtype(events, "block", nullptr) < 0 ||
      udev_monitor_enable_receiving(events) < 0) {
    throw Error(ErrorCode::device, "watch for drives", "udev cannot be listened to")
        .with_hint("see whether udev runs");
  }
  impl_->mounts = fs.open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
}

DriveMonitor::~DriveMonitor() = default;

std::optional<std::vector<std::string>> DriveMonitor::wait(
    int stop, std::optional<std::chrono::milliseconds> most) {
  std::array<pollfd, 3> on{pollfd{udev_monitor_get_fd(impl_->events.get()), POLLIN, 0},
                           pollfd{impl_->mounts.get(), POLLPRI, 0}, pollfd{stop, POLLIN, 0}};
  const int milliseconds = most ? static_cast<int>(most->count()) : -1;
  const int count = ::poll(on.data(), on.size(), milliseconds);
  if (count < 0 && errno != EINTR) {
    throw system_error(errno, "watch for drives", "cannot wait");
  }
  if (count == 0) return std::nullopt;
  std::vector<std::string> removed;
  // All that has come meanwhile: one look answers many.
  for (pollfd& events = on[0]; (events.revents & POLLIN) != 0;) {
    const Held<udev_device> device(udev_monitor_receive_device(impl_->events.get()));
    if (device) {
      const char* action = udev_device_get_action(device.get());
      if (action != nullptr && std::string_view(action) == "remove") {
        removed.emplace_back(udev_device_get_syspath(device.get()));
      }
    }
    events.revents = 0;
    if (::poll(&events, 1, 0) < 0) break;
  }
  return removed;
}

}  // namespace courier
