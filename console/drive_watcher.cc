#include "console/drive_watcher.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/pipeline.h"
#include "console/json.h"
#include "media/drive_monitor.h"
#include "media/drives.h"

namespace courier {
namespace {

// Nobody tells of what comes into a folder. It is shown when two looks in a row found the same:
// what is still being copied is not there yet.
constexpr std::chrono::milliseconds kBetweenLooks{500};
constexpr std::size_t kMostNames = 1000;

bool holds(FileSystem& fs, const std::string& home, const Drive& drive) {
  try {
    return lies_on(fs, home, drive);
  } catch (const Error&) {
    return false;  // it may be gone again; looking at it tells
  }
}

bool is_write_protected(FileSystem& fs, const Drive& drive) {
  try {
    std::uint8_t digit = '0';
    const Fd file = fs.open(drive.folder + "/ro", O_RDONLY | O_CLOEXEC);
    fs.read(file, {&digit, 1});
    return digit == '1';
  } catch (const Error&) {
    return false;
  }
}

// "Kingston DataTraveler 3.0" of "0951:1666:GOOD01 (Kingston DataTraveler 3.0)".
std::string product_of(const Drive& drive) {
  const std::size_t begin = drive.usb.find('('), end = drive.usb.rfind(')');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return "";
  return drive.usb.substr(begin + 1, end - begin - 1);
}

std::string name_of(const Drive& drive) {
  if (!drive.label.empty()) return drive.label;
  const std::string product = product_of(drive);
  return product.empty() ? drive.node : product;
}

// What tells whether something has changed in the folder: all that is in it, and of that what may
// be a parcel and is not this site's own. Empty: it is not there, or empty.
struct Content {
  std::string all, news;
};

Content content_of(FileSystem& fs, const std::string& folder, const std::string& own_prefix) {
  try {
    const Fd dir = fs.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::vector<DirEntry> entries = fs.list(dir);
    Content content;
    for (std::size_t i = 0; i < std::min(entries.size(), kMostNames); ++i) {
      const std::string& name = entries[i].name;
      if (name == "lost+found") continue;
      const auto status = fs.stat_at(dir, name);
      if (!status) continue;
      const std::string line =
          fmt::format("{}/{}/{}.{}\n", name, status->st_size, status->st_mtim.tv_sec,
                      status->st_mtim.tv_nsec);
      content.all += line;
      if (!name.starts_with('.') && !name.starts_with(own_prefix)) content.news += line;
    }
    return content;
  } catch (const Error&) {
    return {};
  }
}

std::string identity_of(FileSystem& fs, const std::string& folder) {
  try {
    const struct stat status = fs.stat(fs.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fmt::format("{}.{}", status.st_dev, status.st_ino);
  } catch (const Error&) {
    return "";
  }
}

bool is_read_only(FileSystem& fs, const std::string& folder) {
  try {
    return fs.space(fs.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)).read_only ||
           ::access(folder.c_str(), W_OK) != 0;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

DriveWatcher::DriveWatcher(EventLoop& loop, FileSystem& fs, Options options,
                           std::function<void(const std::vector<PresentDrive>&)> told)
    : loop_(loop),
      fs_(fs),
      options_(std::move(options)),
      told_(std::move(told)),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      news_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!stop_ || !news_) throw system_error(errno, "console", "cannot wait for drives");
  loop_.watch(news_.get(), [this] { this->told(); });
  thread_ = start_thread([this] { run(); });
}

DriveWatcher::~DriveWatcher() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
  loop_.forget(news_.get());
}

void DriveWatcher::run() {
  std::optional<DriveMonitor> monitor;
  if (options_.drives) {
    try {
      monitor.emplace(fs_);
    } catch (const Error&) {
      // A machine without udev: drives are looked for again and again.
    }
  }
  std::vector<PresentDrive> plugged;
  bool has_changed = options_.drives;
  for (;;) {
    if (has_changed) plugged = drives();
    std::vector<PresentDrive> all = folders();
    all.insert(all.end(), plugged.begin(), plugged.end());
    tell(std::move(all));

    std::optional<std::chrono::milliseconds> most;
    if (!options_.folders.empty() || (options_.drives && !monitor)) most = kBetweenLooks;
    bool was_in_vain = false;
    try {
      if (monitor) {
        const auto removed = monitor->wait(stop_.get(), most);
        was_in_vain = !removed;
        // What comes again faster than anybody looks is another drive.
        for (const std::string& folder : removed.value_or(std::vector<std::string>())) {
          ++taken_out_[folder];
        }
      } else {
        pollfd stop{stop_.get(), POLLIN, 0};
        ::poll(&stop, 1, most ? static_cast<int>(most->count()) : -1);
      }
    } catch (const Error&) {
      monitor.reset();
    }
    eventfd_t count = 0;
    if (::eventfd_read(stop_.get(), &count) == 0) return;
    has_changed = options_.drives && (!monitor || !was_in_vain);
  }
}

std::vector<PresentDrive> DriveWatcher::drives() {
  std::vector<PresentDrive> present;
  try {
    for (const Drive& drive : list_drives(fs_)) {
      if (!drive.is_settled || holds(fs_, options_.home, drive)) continue;
      PresentDrive one;
      one.key = fmt::format("{} {} {}", drive.folder, drive.sequence, taken_out_[drive.folder]);
      one.name = name_of(drive);
      one.kind = drive.is_optical ? "disc" : "usb";
      one.source = "drive:" + drive.node;
      one.node = drive.node;
      one.read_only = drive.is_optical || drive.is_plain || is_write_protected(fs_, drive);
      present.push_back(std::move(one));
    }
  } catch (const Error&) {
    // None that anybody could see.
  }
  return present;
}

std::vector<PresentDrive> DriveWatcher::folders() {
  std::vector<PresentDrive> all;
  for (const std::string& folder : options_.folders) {
    Seen& seen = seen_[folder];
    Content content = content_of(fs_, folder, options_.own_prefix);
    std::string identity = identity_of(fs_, folder);
    const bool is_other = identity != seen.folder;
    const bool is_settled = content.all == seen.content && !is_other;
    seen.content = std::move(content.all);
    seen.folder = std::move(identity);
    if (seen.content.empty() || (seen.is_shown && is_other)) {
      seen.is_shown = false;
    } else if (is_settled && (!seen.is_shown || content.news != seen.news)) {
      ++(seen.is_shown ? seen.changes : seen.times);
      seen.is_shown = true;
      seen.news = std::move(content.news);
    }
    if (seen.is_shown) all.push_back(present(folder, seen));
  }
  return all;
}

PresentDrive DriveWatcher::present(const std::string& folder, const Seen& seen) const {
  PresentDrive one;
  one.key = fmt::format("{} {}", folder, seen.times);
  one.name = std::filesystem::path(folder).filename();
  one.kind = "folder";
  one.source = folder;
  one.read_only = is_read_only(fs_, folder);
  one.changes = seen.changes;
  return one;
}

void DriveWatcher::tell(std::vector<PresentDrive> present) {
  {
    const std::scoped_lock lock(mutex_);
    if (present == present_) return;
    present_ = std::move(present);
  }
  ::eventfd_write(news_.get(), 1);
}

void DriveWatcher::told() {
  eventfd_t count = 0;
  ::eventfd_read(news_.get(), &count);
  std::vector<PresentDrive> present;
  {
    const std::scoped_lock lock(mutex_);
    present = present_;
  }
  told_(present);
}

}  // namespace courier
