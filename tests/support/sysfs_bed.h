// A /sys of a test's own, in which what lies in a folder lies on a drive of the test's choice.
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <string>

#include "tests/support/temp_folder.h"

namespace courier::test {

class SysfsBed {
 public:
  // What stands before /sys: the `root` of identity_of and of media.
  const std::string& root() const { return root_.path(); }

  // The drive under the file system that `path` lies on. usb: "174c:55aa:0100"; inquiry: vendor,
  // model and revision, as the kernel writes them, padded; either may be empty.
  void put_drive_under(const std::string& path, const std::string& usb,
                       const std::string& inquiry_vendor = "", const std::string& model = "",
                       const std::string& revision = "") {
    namespace stdfs = std::filesystem;
    struct stat status {};
    ::stat(path.c_str(), &status);
    const std::string usb_folder = root_ / "sys/devices/pci0000:00/usb1/1-1";
    const std::string scsi = usb_folder + "/1-1:1.0/host0/target0:0:0/0:0:0:0";
    stdfs::create_directories(scsi + "/block/sdz/sdz1");
    write_text(root_ / "sys/devices/pci0000:00/vendor", "0x8086\n");
    if (!usb.empty()) {
      write_text(usb_folder + "/idVendor", usb.substr(0, 4) + "\n");
      write_text(usb_folder + "/idProduct", usb.substr(5, 4) + "\n");
      write_text(usb_folder + "/bcdDevice", usb.substr(10) + "\n");
    }
    if (!inquiry_vendor.empty()) {
      write_text(scsi + "/vendor", inquiry_vendor + "\n");
      write_text(scsi + "/model", model + "\n");
      write_text(scsi + "/rev", revision + "\n");
    }
    stdfs::create_directories(scsi + "/scsi_disk/0:0:0:0");
    cache_ = scsi + "/scsi_disk/0:0:0:0/cache_type";
    write_text(cache_, "write through\n");
    stdfs::create_directories(root_ / "sys/dev/block");
    link_ = root_ / "sys/dev/block/" + std::to_string(major(status.st_dev)) + ":" +
            std::to_string(minor(status.st_dev));
    stdfs::create_symlink(scsi + "/block/sdz/sdz1", link_);
  }
  // What the kernel believes of the drive's cache, as sd has it.
  std::string cache_type() const { return read_text(cache_); }
  void pull_out() { std::filesystem::remove(link_); }

 private:
  TempFolder root_;
  std::string link_, cache_;
};

}  // namespace courier::test
