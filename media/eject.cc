#include "media/eject.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/cdrom.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/mtio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "media/quirks.h"
#include "media/sysfs.h"
#include "media/usb_device.h"

namespace courier {

namespace {

namespace stdfs = std::filesystem;

constexpr int kMaxUnmounts = 1000;  // more is somebody who mounts it anew

class Ejection {
 public:
  Ejection(FileSystem& fs, const std::string& target, const Wait& wait)
      : fs_(fs), wait_(wait), target_(target.starts_with("raw:") ? target.substr(4) : target) {}

  Ejected run() {
    done_.drive = escaped(target_);
    if (target_.starts_with("iso:") || target_.starts_with("tape:")) {
      throw failed(ErrorCode::usage, "is an image file: there is nothing to take out")
          .with_hint("name a folder on the drive that it lies on, or that drive's device");
    }
    if (target_.starts_with("/dev/nst") || target_.starts_with("/dev/st")) {
      put_out_tape();
      return std::move(done_);
    }
    find();
    unmount_all();
    flush_drive();
    let_go();
    return std::move(done_);
  }

 private:
  Error failed(ErrorCode code, std::string what) const {
    std::string loss = "nothing was lost: ";
    for (const std::string& step : done_.steps) loss += step + "; ";
    loss += done_.steps.empty() ? "nothing was done" : "the rest was not done";
    return Error(code, "drive " + done_.drive, std::move(what)).with_loss(std::move(loss));
  }
  Error failed_step(int fault, const std::string& step) const {
    const bool not_allowed = fault == EBUSY || fault == EPERM || fault == EACCES;
    return failed(not_allowed ? ErrorCode::not_allowed : ErrorCode::device,
                  fmt::format("{}: {}", step, std::strerror(fault)))
        .with_hint(fault == EBUSY ? "leave it in; close what still uses it (fuser -vm shows what), "
                                    "and run the same command"
                   : not_allowed  ? "leave it in, and run the same command as root"
                                  : "leave it in and run the same command; if it fails again, shut "
                                    "the machine down before it is pulled out");
  }

  // The driver writes what it holds and rewinds before it lets go of the tape.
  void put_out_tape() {
    const Fd node = fs_.open(target_, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    mtop call{MTOFFL, 1};
    if (::ioctl(node.get(), MTIOCTOP, &call) != 0) {
      throw failed_step(errno, "cannot put out the tape");
    }
    done_.steps.push_back("rewound and put out the tape");
  }

  void find() {
    const std::vector<std::string> devices =
        sysfs::devices_under(fs_, fs_.open(target_, O_PATH | O_CLOEXEC));
    if (devices.empty()) {
      throw failed(ErrorCode::not_allowed, "lies on no drive: a network share, or memory")
          .with_hint("name the folder where the drive is mounted, or its device");
    }
    // The deepest: what an encrypted device or an image is on.
    whole_ = sysfs::whole_drive(fs_, devices.back());
    name_ = whole_.filename();
    usb_ = sysfs::usb_device_above(fs_, whole_);
    is_optical_ = name_.starts_with("sr");
    done_.drive = "/dev/" + escaped(name_);
    if (!usb_.empty()) done_.drive += ", USB " + read_usb_name(fs_, usb_).describe();
    const std::vector<std::string> of_system = sysfs::system_drives(fs_);
    const bool is_of_system = std::ranges::find(of_system, whole_.string()) != of_system.end();
    const bool stays =
        usb_.empty() && !is_optical_ && sysfs::text_of(fs_, whole_ / "removable") != "1";
    if (is_of_system || stays) {
      throw failed(ErrorCode::not_allowed, "is a disk of this machine: it is not taken out")
          .with_hint("name the folder where the drive to be taken out is mounted");
    }
    require_free();
  }

  // An encrypted device, a RAID or swap on it would lose what they hold.
  void require_free() const {
    const std::string swaps = sysfs::text_of(fs_, "/proc/swaps");
    for (const Part& part : parts()) {
      const std::vector<std::string> holders = sysfs::names_in(fs_, part.folder / "holders");
      const bool is_swap = swaps.find(part.node + " ") != std::string::npos;
      if (holders.empty() && !is_swap) continue;
      throw failed(ErrorCode::not_allowed,
                   fmt::format("{} is in use {}", part.node,
                               is_swap ? "as swap" : "by " + escaped(holders.front())))
          .with_hint("unmount and close that first, then eject the drive by its device");
    }
  }

  struct Part {
    stdfs::path folder;
    std::string numbers, node;
  };
  // The drive itself and its partitions.
  std::vector<Part> parts() const {
    std::vector<Part> all;
    const auto add = [&](const stdfs::path& folder) {
      all.push_back(
          {folder, sysfs::text_of(fs_, folder / "dev"), "/dev/" + folder.filename().string()});
    };
    add(whole_);
    for (const std::string& name : sysfs::names_in(fs_, whole_)) {
      if (name.starts_with(name_)) add(whole_ / name);
    }
    return all;
  }

  // What is mounted of the drive now, in the order that it was mounted in. Errors: not_allowed,
  // when something else is mounted over one of them: by its path that would be met first, and
  // flushed and unmounted in its place.
  std::vector<sysfs::Mount> own_mounts() const {
    const std::vector<Part> own = parts();
    std::vector<sysfs::Mount> found;
    for (const sysfs::Mount& mount : sysfs::mounts(fs_)) {
      if (std::ranges::any_of(own, [&](const Part& part) {
            return mount.device == part.numbers || mount.source == part.node;
          })) {
        found.push_back(mount);
        continue;
      }
      for (const sysfs::Mount& beneath : found) {
        if (beneath.point != mount.point && !beneath.point.starts_with(mount.point + "/")) continue;
        throw failed(ErrorCode::not_allowed,
                     fmt::format("{} is mounted over {}, where the drive is",
                                 escaped(mount.file_system), escaped(mount.point)))
            .with_hint("leave it in; unmount that (umount " + escaped(mount.point) +
                       "), and run the same command");
      }
    }
    return found;
  }

  void unmount_all() {
    std::vector<sysfs::Mount> mounts = own_mounts();
    for (const sysfs::Mount& mount : mounts) {
      fs_.sync_file_system(fs_.open(mount.point, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      done_.steps.push_back("flushed " + escaped(mount.point));
    }
    // What was mounted last may lie in what was mounted before; and with one mount others go that
    // it was propagated to, so what is left is asked for anew each time.
    for (int round = 0; !mounts.empty(); ++round, mounts = own_mounts()) {
      const std::string point = mounts.back().point;
      if (round == kMaxUnmounts) {
        throw failed(ErrorCode::not_allowed,
                     "something mounts it again and again, now on " + escaped(point))
            .with_hint("leave it in; end what mounts it, and run the same command");
      }
      if (::umount2(point.c_str(), UMOUNT_NOFOLLOW) != 0) {
        throw failed_step(errno, "cannot unmount " + escaped(point));
      }
      done_.steps.push_back("unmounted " + escaped(point));
    }
  }

  void write_out(const Fd& node) const {
    try {
      fs_.sync(node);
    } catch (const Error& error) {
      throw failed(error.code(), std::string("cannot write all out: ") + error.what())
          .with_hint("leave it in and run the same command; if it fails again, have it checked");
    }
  }

  void flush_drive() {
    const std::string node = "/dev/" + name_;
    // O_EXCL: the kernel grants it only where nothing on the drive is mounted or held otherwise,
    // and nothing can be from here on. It does not keep out who just writes to a node.
    node_ = Fd(::open(node.c_str(), O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC));
    if (!node_) throw failed_step(errno, "cannot be had for itself");
    if (is_optical_) return;  // nothing is written to a disc by the way
    // What the kernel holds for a partition's node is not what it holds for the whole drive's.
    for (const Part& part : parts()) {
      if (part.node != node) write_out(fs_.open(part.node, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    }
    const Quirks quirks = quirks_for_writing(fs_, node_);  // so that the kernel sends it one
    write_out(node_);  // what the kernel holds for it, then SYNCHRONIZE CACHE
    done_.steps.push_back("flushed the drive's own cache");
    if (quirks.settle_seconds == 0) return;
    wait_(quirks.settle_seconds);
    done_.steps.push_back(fmt::format("left it alone for {} seconds: drives of its kind flush late",
                                      quirks.settle_seconds));
  }

  // The kernel's SCSI layer flushes once more and stops the motor; then its USB port is switched
  // off, unless a slot beside it has a medium too.
  void let_go() {
    if (is_optical_) {
      if (::ioctl(node_.get(), CDROMEJECT, 0) != 0) {
        throw failed_step(errno, "cannot put out the disc");
      }
      done_.steps.push_back("put out the disc");
      return;
    }
    if (order(whole_ / "device/delete")) done_.steps.push_back("taken from the kernel");
    if (!usb_.empty() && !has_neighbour() && order(usb_ / "remove")) {
      done_.steps.push_back(quirks_of_hub(fs_, usb_).ports_keep_power
                                ? "disconnected it (its port stays under power)"
                                : "switched its port off");
    }
  }

  // Another drive in the same USB device: a card reader's other slot.
  bool has_neighbour() const {
    const std::string beneath = usb_.string() + "/", own = whole_.string() + "/";
    for (const std::string& numbers : sysfs::names_in(fs_, "/sys/dev/block")) {
      const stdfs::path other = sysfs::target_of(fs_, "/sys/dev/block", numbers);
      if (!other.string().starts_with(beneath) || other == whole_) continue;
      if (other.string().starts_with(own)) continue;  // its partitions
      const std::string size = sysfs::text_of(fs_, other / "size");
      if (!size.empty() && size != "0") return true;
    }
    return false;
  }

  // Writes to a file in /sys that makes the kernel act. Returns false when there is no such file.
  bool order(const stdfs::path& file) {
    const Fd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return false;
    if (fd && ::write(fd.get(), "1", 1) == 1) return true;
    throw failed_step(errno, "cannot power it down")
        .with_hint(
            "all is written and unmounted; run the same command as root, or wait until "
            "its light is out");
  }

  FileSystem& fs_;
  const Wait& wait_;
  const std::string target_;
  stdfs::path whole_, usb_;  // in /sys
  std::string name_;         // "sdb"
  bool is_optical_ = false;
  Fd node_;  // nobody else may use the drive while it is open
  Ejected done_;
};

}  // namespace

Ejected eject(FileSystem& fs, const std::string& target, const Wait& wait) {
  return Ejection(fs, target, wait).run();
}

}  // namespace courier
