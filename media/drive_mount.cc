#include "media/drive_mount.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/durable.h"
#include "base/error.h"
#include "media/quirks.h"

#ifndef MS_NOSYMFOLLOW  // Linux 5.10; the C library's headers do not name it
#define MS_NOSYMFOLLOW 256
#endif

namespace courier {

namespace {

constexpr unsigned long kNothingFromIt = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOSYMFOLLOW;

// Each process has its own: to remove a folder undoes what others have mounted on it.
std::string own_folder(const std::string& places, const std::string& node) {
  return places + "/" + std::filesystem::path(node).filename().string() + "-" +
         std::to_string(::getpid());
}

void remove_leftovers(FileSystem& fs, const Fd& places) {
  for (const DirEntry& entry : fs.list(places)) {
    const char* const end = entry.name.data() + entry.name.size();
    pid_t owner = 0;
    const std::size_t number = entry.name.rfind('-') + 1;  // 0: it is not one of these
    const auto read = std::from_chars(entry.name.data() + number, end, owner);
    if (number == 0 || read.ptr != end || owner <= 0) continue;
    if (::kill(owner, 0) == 0 || errno != ESRCH) continue;
    try {
      fs.unlink_at(places, entry.name, true);
    } catch (const Error&) {
      // Something is in it, or another process was faster.
    }
  }
}

}  // namespace

bool is_mountable(const std::string& file_system) {
  constexpr std::array<std::string_view, 4> kKinds{"vfat", "exfat", "iso9660", "udf"};
  return std::ranges::find(kKinds, file_system) != kKinds.end();
}

bool enter_own_mounts() {
  if (::unshare(CLONE_NEWNS) != 0) {
    if (errno == EPERM) return false;
    throw system_error(errno, "courier", "cannot have mounts of its own");
  }
  // What others mount from here on comes in; what is mounted here does not go out.
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    throw system_error(errno, "courier", "cannot have mounts of its own");
  }
  return true;
}

DriveMount::DriveMount(FileSystem& fs, std::string node, const std::string& file_system,
                       const std::string& places)
    : fs_(fs), node_(std::move(node)), folder_(own_folder(places, node_)) {
  remove_leftovers(fs_, make_dirs(fs_, places));
  make_dirs(fs_, folder_);
  if (::mount(node_.c_str(), folder_.c_str(), file_system.c_str(), MS_RDONLY | kNothingFromIt,
              nullptr) == 0) {
    is_mounted_ = true;
    return;
  }
  const int fault = errno;
  remove_folder();
  const std::string subject = "drive " + escaped(node_);
  if (fault == EPERM || fault == EACCES) {
    throw Error(ErrorCode::not_allowed, subject, "is not mounted, and this user may not mount it")
        .with_hint("mount it, or run courier as root");
  }
  if (fault == EBUSY) {
    throw Error(ErrorCode::not_allowed, subject, "something else is using it")
        .with_hint("wait until it is done, or mount the drive");
  }
  if (fault == ENODEV) {
    throw Error(ErrorCode::device, subject,
                "cannot be mounted: this kernel has no file system " + escaped(file_system))
        .with_hint("install its module, or bring the parcel on a drive of another kind");
  }
  throw system_error(fault, subject, "cannot be mounted as " + escaped(file_system))
      .with_loss("nothing was lost: nothing on it was changed")
      .with_hint("take it out and put it in again; if it fails again, have the drive checked");
}

DriveMount::~DriveMount() {
  try {
    undo();
  } catch (const Error&) {
    // The kernel undoes it when the process ends.
  }
}

void DriveMount::make_writable() {
  if (::mount(nullptr, folder_.c_str(), nullptr, MS_REMOUNT | kNothingFromIt, nullptr) != 0) {
    throw system_error(errno, "drive " + escaped(node_), "cannot be written to");
  }
  is_writable_ = true;
}

void DriveMount::remove_folder() {
  const std::filesystem::path path = folder_;
  fs_.unlink_at(open_dir(fs_, path.parent_path()), path.filename().string(), true);
}

void DriveMount::undo() {
  if (!is_mounted_) return;
  is_mounted_ = false;
  // A drive that was pulled out, or is still held open, is let go of all the same.
  const bool is_undone = ::umount2(folder_.c_str(), UMOUNT_NOFOLLOW) == 0;
  const int fault = errno;
  if (!is_undone) ::umount2(folder_.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH);
  remove_folder();
  if (!is_undone) throw system_error(fault, "drive " + escaped(node_), "cannot be unmounted");
  // What the file system gave to the drive may still be in the drive's own cache.
  if (!is_writable_) return;
  const Fd node = fs_.open(node_, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const Quirks quirks = quirks_for_writing(fs_, node);
  fs_.sync(node);
  if (quirks.settle_seconds > 0) wait_seconds(quirks.settle_seconds);
}

}  // namespace courier
