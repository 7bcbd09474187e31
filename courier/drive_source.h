// Drive source: the SOURCE or TARGET "drive:/dev/sdb1", a drive that is plugged in and may not be
// mounted. Courier looks at it in a mount namespace of its own process: it passes the gate, is
// mounted read-only if nobody has mounted it, is made writable only for a return, and is unmounted
// before anybody is told that it may be taken out.
//
// The process that opens one sees the drive mounted for the rest of its life, and no other does.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "courier/report.h"
#include "media/drive_mount.h"
#include "media/drives.h"
#include "media/usb_gate.h"

namespace courier {

class DriveSource {
 public:
  // The node that "drive:NODE" names; nullopt: it is another kind of source.
  static std::optional<std::string> node_of(const std::string& source);
  // The drive with this node. Errors: not_found, when it is not plugged in; not_allowed, when the
  // home lies on it; device.
  static Drive find(FileSystem& fs, const std::string& home, const std::string& node);

  // Lets the gate look at it. Errors: as UsbGate::check_folder.
  DriveSource(FileSystem& fs, std::string home, Drive drive, const UsbGate& gate);

  // Mounts it where that is to be done. Errors: not_allowed, when it would have to be mounted, and
  // is not to be or cannot be by this user; device.
  void open();
  // Whether open() failed because somebody else has to mount it.
  bool waits_for_mount() const { return waits_for_mount_; }

  // What open_medium takes. Precondition: open().
  const std::string& source() const { return source_; }
  // What return_to is to be for returns on this very drive; empty on a disc, or past every file
  // system: nothing is written there unasked.
  std::string return_to() const;
  void make_writable();
  // Unmounts what open() mounted. What fails goes into the report: the medium may not be taken out.
  void close(Report& report);

 private:
  std::string subject() const;

  FileSystem& fs_;
  const std::string home_;
  const Drive drive_;
  std::string source_;
  std::optional<DriveMount> mount_;
  bool waits_for_mount_ = false;
};

// Whether what lies at the home is on this drive: what a site itself runs from brings no parcels,
// and is not to be said to be safe to take out.
bool holds_home(FileSystem& fs, const std::string& home, const Drive& drive);

}  // namespace courier
