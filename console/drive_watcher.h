// DriveWatcher: tells what drives, discs and folders are there, at first and whenever it changes.
// It looks in a thread of its own, as a drive that fails, or a network folder that hangs, may keep
// a look waiting for minutes, and the page must not wait with it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/file_system.h"
#include "console/event_loop.h"
#include "console/present_drive.h"

namespace courier {

class DriveWatcher {
 public:
  struct Options {
    std::string home;                  // a drive that it lies on is never shown
    std::vector<std::string> folders;  // each is shown as a drive while it is there and not empty
    std::string own_prefix;            // of the names of what this site writes to them: no news
    bool drives = true;                // false: folders only
  };
  // told is called by the loop, with all that is there.
  DriveWatcher(EventLoop& loop, FileSystem& fs, Options options,
               std::function<void(const std::vector<PresentDrive>&)> told);
  ~DriveWatcher();
  DriveWatcher(const DriveWatcher&) = delete;
  DriveWatcher& operator=(const DriveWatcher&) = delete;

 private:
  // A folder as it was when it was looked at last.
  struct Seen {
    std::string content;  // its names, sizes and times; empty: not there, or nothing in it
    std::string folder;   // which one it is: another may have taken its place
    bool is_shown = false;
    std::string news;           // of its content, what others brought, as it was told last
    std::uint64_t times = 0;    // it was put in so often
    std::uint64_t changes = 0;  // and other content came into it, or went, so often
  };

  void run();
  std::vector<PresentDrive> drives();
  std::vector<PresentDrive> folders();
  PresentDrive present(const std::string& folder, const Seen& seen) const;
  void tell(std::vector<PresentDrive> present);
  void told();

  EventLoop& loop_;
  FileSystem& fs_;
  const Options options_;
  const std::function<void(const std::vector<PresentDrive>&)> told_;
  Fd stop_, news_;  // eventfds
  std::map<std::string, Seen> seen_;
  std::map<std::string, std::uint64_t> taken_out_;  // how often, by the device's folder in /sys
  std::mutex mutex_;
  std::vector<PresentDrive> present_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace courier
