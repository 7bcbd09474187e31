#include "courier/drive_source.h"

#include <utility>

#include "courier/receive_run.h"

namespace courier {
namespace {

constexpr std::string_view kPrefix = "drive:";

}  // namespace

std::optional<std::string> DriveSource::node_of(const std::string& source) {
  if (!source.starts_with(kPrefix)) return std::nullopt;
  return source.substr(kPrefix.size());
}

Drive DriveSource::find(FileSystem& fs, const std::string& home, const std::string& node) {
  const std::string subject = "drive " + escaped(node);
  if (home.empty()) {
    throw Error(ErrorCode::not_found, subject, "is looked at for a home, and none is named")
        .with_hint("name it with --home DIR; or mount the drive, and name the folder");
  }
  for (const Drive& drive : list_drives(fs)) {
    if (drive.node != node) continue;
    if (holds_home(fs, home, drive)) {
      throw Error(ErrorCode::not_allowed, subject, "holds this home").with_hint("name another");
    }
    return drive;
  }
  throw Error(ErrorCode::not_found, subject, "is not plugged in")
      .with_hint("'courier media list' shows the drives that are; a disk of this machine is none");
}

DriveSource::DriveSource(FileSystem& fs, std::string home, Drive drive, const UsbGate& gate)
    : fs_(fs), home_(std::move(home)), drive_(std::move(drive)) {
  gate.check_folder(fs_, drive_.folder, subject());
}

void DriveSource::open() {
  source_ = drive_.target();
  if (!source_.empty()) return;
  waits_for_mount_ = true;
  if (!is_mountable(drive_.file_system)) {
    throw Error(ErrorCode::not_allowed, subject(),
                "is not mounted, and Courier mounts no " +
                    (drive_.file_system.empty() ? std::string("file system that is not known")
                                                : escaped(drive_.file_system)))
        .with_hint("mount it, and name the folder");
  }
  if (!enter_own_mounts()) {
    throw Error(ErrorCode::not_allowed, subject(), "is not mounted, and this user may not mount it")
        .with_hint("mount it, and name the folder; or run courier as root");
  }
  mount_.emplace(fs_, drive_.node, drive_.file_system, home_ + "/media");
  waits_for_mount_ = false;
  source_ = mount_->folder();
}

std::string DriveSource::return_to() const {
  return drive_.is_optical || drive_.is_plain ? "" : source_;
}

void DriveSource::make_writable() {
  if (mount_) mount_->make_writable();
}

void DriveSource::close(Report& report) {
  if (!mount_) return;
  try {
    mount_->undo();
  } catch (const Error& error) {
    keep_in(report, error);
  }
}

std::string DriveSource::subject() const { return "drive " + escaped(drive_.node); }

bool holds_home(FileSystem& fs, const std::string& home, const Drive& drive) {
  try {
    for (const std::string& part : {home, home + "/ledger.sqlite"}) {
      if (lies_on(fs, part, drive)) return true;
    }
  } catch (const Error&) {
    // It may be gone again; looking at it tells.
  }
  return false;
}

}  // namespace courier
