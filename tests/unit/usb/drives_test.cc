#include "media/drives.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/drive_monitor.h"
#include "tests/support/usb_bed.h"

namespace courier {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

constexpr int kNoStop = -1;  // poll passes it over

test::UsbSpec stick(const std::string& port = "1-1", unsigned number = 2) {
  test::UsbSpec spec;
  spec.port = port;
  spec.number = number;
  spec.disk = makedev(65, number);
  return spec;
}

std::vector<std::string> nodes(FileSystem& fs) {
  std::vector<std::string> found;
  for (const Drive& drive : list_drives(fs)) found.push_back(drive.node);
  return found;
}

TEST(Drives, AreThoseThatArePluggedIn) {
  PosixFileSystem fs;
  test::UsbBed bed;
  EXPECT_THAT(nodes(fs), IsEmpty());
  bed.plug(stick("1-2", 3));
  bed.plug(stick("1-1", 2));
  EXPECT_THAT(nodes(fs), ElementsAre("/dev/sdc", "/dev/sdd"));
  const Drive first = list_drives(fs).front();
  EXPECT_EQ(first.usb, "0951:1666:GOOD01 (Kingston DataTraveler 3.0)");
  EXPECT_EQ(first.mount_point, "");
  EXPECT_EQ(first.size, 131072u * 512);
}

TEST(Drives, WithoutAFileSystemAreRead) {
  PosixFileSystem fs;
  test::UsbBed bed;
  bed.plug(stick());
  EXPECT_EQ(list_drives(fs).front().target(), "raw:/dev/sdc");
}

TEST(Drives, ASlotWithoutAMediumIsNone) {
  PosixFileSystem fs;
  test::UsbBed bed;
  test::UsbSpec reader = stick();
  reader.disk_blocks = 0;
  bed.plug(reader);
  EXPECT_THAT(nodes(fs), IsEmpty());
}

TEST(Drives, ThatThisMachineRunsFromAreNone) {
  PosixFileSystem fs;
  test::UsbBed bed;
  test::UsbSpec own = stick("1-1", 2);
  struct stat status {};
  ASSERT_EQ(::stat("/", &status), 0);
  own.disk = status.st_dev;
  bed.plug(own);
  bed.plug(stick("1-2", 3));
  EXPECT_THAT(nodes(fs), ElementsAre("/dev/sdd"));
}

TEST(DriveMonitor, EndsItsWaitWhenADriveComesOrGoes) {
  PosixFileSystem fs;
  test::UsbBed bed;
  DriveMonitor monitor(fs);
  EXPECT_EQ(monitor.wait(kNoStop, milliseconds(0)), std::nullopt);
  const std::string folder = bed.plug(stick());
  EXPECT_THAT(monitor.wait(kNoStop, {}), Optional(IsEmpty()));
  const std::string disk = list_drives(fs).front().folder;
  bed.pull(disk);
  EXPECT_THAT(monitor.wait(kNoStop, {}), Optional(ElementsAre(disk)));
}

TEST(DriveMonitor, EndsItsWaitWhenItIsTold) {
  PosixFileSystem fs;
  test::UsbBed bed;
  DriveMonitor monitor(fs);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd told(ends[0]), tells(ends[1]);
  ASSERT_EQ(::write(tells.get(), "x", 1), 1);
  EXPECT_THAT(monitor.wait(told.get(), {}), Optional(IsEmpty()));
}

}  // namespace
}  // namespace courier
