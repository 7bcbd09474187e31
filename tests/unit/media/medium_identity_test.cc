#include "media/medium_identity.h"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <filesystem>

#include "base/durable.h"
#include "tests/support/temp_folder.h"

namespace courier {
namespace {

namespace stdfs = std::filesystem;

class MediumIdentityTest : public testing::Test {
 protected:
  MediumIdentityTest() {
    const struct stat status = fs_.stat(dir_);
    device_ = std::to_string(major(status.st_dev)) + ":" + std::to_string(minor(status.st_dev));
    stdfs::create_directories(root_ / "proc/self");
    stdfs::create_directories(root_ / "dev/disk/by-uuid");
    stdfs::create_directories(root_ / "dev/disk/by-label");
    stdfs::create_directories(root_ / "sys/dev/block");
  }
  void mount(const std::string& lines) { test::write_text(root_ / "proc/self/mountinfo", lines); }

  PosixFileSystem posix_;
  FileSystem& fs_ = posix_;
  test::TempFolder root_, medium_;
  Fd dir_ = open_dir(fs_, medium_.path());
  std::string device_;
};

TEST_F(MediumIdentityTest, TellsMountLabelAndSerialOfAStick) {
  mount(
      "21 1 0:5 / /proc rw - proc proc rw\n"
      "22 1 " +
      device_ +
      " / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "23 22 " +
      device_ + " / " + medium_.path() +
      " rw,nosuid - vfat /dev/sdb1 rw\n"
      "24 22 " +
      device_ + " / " + medium_.path() + "x rw - xfs /dev/sdc1 rw\n");
  const std::string usb = root_ / "sys/devices/pci0/usb1/1-1";
  stdfs::create_directories(usb + "/1-1:1.0/host0/block/sdb/sdb1");
  test::write_text(usb + "/idVendor", "0951\n");
  test::write_text(usb + "/idProduct", "1666\n");
  test::write_text(usb + "/serial", "STICK001\n");
  stdfs::create_symlink("../../devices/pci0/usb1/1-1/1-1:1.0/host0/block/sdb/sdb1",
                        root_ / "sys/dev/block" + "/" + device_);
  stdfs::create_symlink("../../sda1", root_ / "dev/disk/by-uuid/0000-1111");
  stdfs::create_symlink("../../sdb1", root_ / "dev/disk/by-uuid/1A2B-3C4D");
  stdfs::create_symlink("../../sdb1", root_ / "dev/disk/by-label/FIELD\\x2001");

  const MediumIdentity identity = identity_of(fs_, dir_, root_.path());
  EXPECT_EQ(identity.kind, "folder");
  EXPECT_EQ(identity.mount_point, medium_.path());
  EXPECT_EQ(identity.file_system, "vfat");
  EXPECT_EQ(identity.uuid, "1A2B-3C4D");
  EXPECT_EQ(identity.label, "FIELD 01");
  EXPECT_EQ(identity.serial, "STICK001");
  EXPECT_EQ(identity.usb, "0951:1666:STICK001");
  EXPECT_EQ(identity.device, device_);
  EXPECT_EQ(identity.describe(),
            "FIELD 01 (vfat, UUID 1A2B-3C4D, USB 0951:1666:STICK001) at " + medium_.path());
}

TEST_F(MediumIdentityTest, SaysTheDeviceNumberWhereNothingElseIsKnown) {
  const MediumIdentity identity = identity_of(fs_, dir_, root_ / "none");
  EXPECT_EQ(identity.device, device_);
  EXPECT_EQ(identity.describe(), "folder (device " + device_ + ")");
}

TEST_F(MediumIdentityTest, ReadsNamesWithBlanks) {
  mount("22 1 " + device_ +
        " / /tmp/with\\040blank rw - ext4 /dev/sda1 rw\n"
        "23 1 " +
        device_ + " / / rw - ext4 /dev/sda1 rw\n");
  EXPECT_EQ(identity_of(fs_, dir_, root_.path()).mount_point, "/");
}

TEST_F(MediumIdentityTest, FindsTheMountOfASubvolumeByItsPath) {
  mount(
      "22 1 0:1 / / rw - ext4 /dev/sda1 rw\n"
      "23 22 0:2 / " +
      medium_.path() + " rw - btrfs /dev/sdb1 rw\n");
  const MediumIdentity identity = identity_of(fs_, dir_, root_.path());
  EXPECT_EQ(identity.mount_point, medium_.path());
  EXPECT_EQ(identity.file_system, "btrfs");
}

TEST(MediumIdentity, KnowsThatFatHoldsFilesBelowFourGibibytes) {
  MediumIdentity identity;
  identity.file_system = "vfat";
  EXPECT_EQ(identity.max_file_size(), 4'294'967'295u);
  identity.file_system = "exfat";
  EXPECT_GT(identity.max_file_size(), std::uint64_t{1} << 60);
}

TEST_F(MediumIdentityTest, WorksOnThisMachine) {
  const MediumIdentity identity = identity_of(fs_, dir_);
  EXPECT_EQ(identity.device, device_);
  EXPECT_FALSE(identity.describe().empty());
}

}  // namespace
}  // namespace courier
