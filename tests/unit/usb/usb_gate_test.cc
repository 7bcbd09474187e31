#include "media/usb_gate.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/durable.h"
#include "base/error.h"
#include "media/medium.h"
#include "media/medium_identity.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"
#include "tests/support/usb_bed.h"

namespace courier {
namespace {

using test::configuration_descriptor;
using test::device_descriptor;
using test::error_of;
using test::interface_descriptor;
using test::operator+;
using test::storage_interface;
using testing::HasSubstr;
using testing::StartsWith;

UsbDevice device_with(std::vector<UsbInterface> interfaces, std::uint8_t device_class = 0) {
  UsbDevice device;
  device.name = {"0951", "1666", "EVIL01", "Kingston", "DataTraveler 3.0"};
  device.device_class = device_class;
  device.configurations = 1;
  device.interfaces = std::move(interfaces);
  return device;
}

std::string objection_to(const UsbDevice& device) {
  return UsbGate().objection(device).value_or("passes");
}

TEST(UsbGate, LetsMassStorageByEitherTransportPass) {
  EXPECT_EQ(objection_to(device_with({{8, 6, 0x50}})), "passes");
  EXPECT_EQ(objection_to(device_with({{8, 6, 0x50}, {8, 6, 0x62}})), "passes");
  EXPECT_EQ(objection_to(device_with({{8, 2, 0x50}})), "passes");  // an optical drive
}

TEST(UsbGate, NamesWhatElseADeviceIs) {
  const auto besides = [](UsbInterface other) {
    return objection_to(device_with({{8, 6, 0x50}, other}));
  };
  EXPECT_EQ(besides({3, 1, 1}), "it is not only a drive but also a keyboard (class 03/01/01)");
  EXPECT_EQ(besides({3, 1, 2}), "it is not only a drive but also a mouse (class 03/01/02)");
  EXPECT_EQ(besides({2, 6, 0}),
            "it is not only a drive but also a network or serial device (class 02/06/00)");
  EXPECT_EQ(besides({2, 2, 1}),
            "it is not only a drive but also a serial line or modem (class 02/02/01)");
  EXPECT_EQ(besides({0xe0, 1, 3}),
            "it is not only a drive but also a network card (class e0/01/03)");
  EXPECT_EQ(besides({0xff, 0x42, 1}),
            "it is not only a drive but also a device of its maker's own kind (class ff/42/01)");
  EXPECT_EQ(besides({8, 4, 0}),
            "it is not only a drive but also mass storage of an unusual kind (class 08/04/00)");
}

TEST(UsbGate, RefusesADeviceWithoutMassStorage) {
  EXPECT_EQ(objection_to(device_with({{9, 0, 0}})),
            "it is no plain drive but a hub (class 09/00/00)");
  EXPECT_EQ(objection_to(device_with({})), "it does not say what it is");
}

TEST(UsbGate, RefusesADeviceClassOfItsOwnAndDescriptionsThatCannotBeRead) {
  EXPECT_EQ(objection_to(device_with({{8, 6, 0x50}}, 0xef)),
            "its device class is ef, and a plain drive's is 00");
  UsbDevice half = device_with({{8, 6, 0x50}});
  half.configurations = 2;
  half.unreadable_configurations = 1;
  EXPECT_EQ(objection_to(half), "1 of the 2 descriptions of itself cannot be read");
}

TEST(UsbGate, LetsExactlyThatDevicePassWhichTheSettingNames) {
  const UsbDevice evil = device_with({{8, 6, 0x50}, {3, 1, 1}});
  EXPECT_FALSE(UsbGate("0951:1666:EVIL01").objection(evil));
  EXPECT_FALSE(UsbGate(" 0781:5581: , 0951:1666:EVIL01 ").objection(evil));
  for (const char* other : {"0951:1666:EVIL02", "0951:1666:", "0951:1667:EVIL01", ""}) {
    EXPECT_TRUE(UsbGate(other).objection(evil)) << other;
  }
}

TEST(UsbGate, RefusesAListThatNamesNoDevices) {
  for (const char* wrong : {"EVIL01", "0951:1666", "951:1666:X", "0951:166g:X", "0951:1666:X Y",
                            "0951:1666:A,B", "0A51:1666:X"}) {
    const Error error = error_of([&] { UsbGate gate(wrong); });
    EXPECT_EQ(error.exit_status(), 2) << wrong;
    EXPECT_EQ(error.subject(), "setting gate.allow");
  }
}

// Of a folder that lies, as this test bed has it, on a USB drive.
class UsbGateTest : public testing::Test {
 protected:
  test::UsbSpec stick() {
    test::UsbSpec spec;
    spec.disk = fs_.stat(open_dir(fs_, folder_.path())).st_dev;
    return spec;
  }
  test::UsbSpec evil_stick() {
    test::UsbSpec spec = stick();
    spec.serial = "EVIL01";
    spec.descriptors =
        device_descriptor(0x951, 0x1666) +
        configuration_descriptor(1, 2, {storage_interface(), interface_descriptor(1, 0, 3, 1, 1)});
    spec.bound = {"08/06/50", "03/01/01"};
    return spec;
  }

  PosixFileSystem fs_;
  test::TempFolder folder_;
  test::UsbBed bed_;
};

TEST_F(UsbGateTest, LetsAFolderOnAPlainStickPass) {
  bed_.plug(stick());
  EXPECT_NO_THROW(UsbGate().check(fs_, folder_.path()));
  EXPECT_EQ(open_medium(fs_, folder_.path())->identity().usb, "0951:1666:GOOD01");
}

TEST_F(UsbGateTest, RefusesAFolderOnAStickThatIsAlsoAKeyboard) {
  bed_.plug(evil_stick());
  const Error error = error_of([&] { open_medium(fs_, folder_.path()); });
  EXPECT_EQ(error.exit_status(), 3);
  EXPECT_EQ(error.subject(), "medium " + folder_.path());
  EXPECT_EQ(error.happened(),
            "USB device 0951:1666:EVIL01 (Kingston DataTraveler 3.0): it is not only a drive but "
            "also a keyboard (class 03/01/01)");
  EXPECT_EQ(error.loss(), "nothing was lost: its content was not looked at");
  EXPECT_THAT(error.hint(), HasSubstr("courier site set 'gate.allow=0951:1666:EVIL01'"));
}

TEST_F(UsbGateTest, RefusesAFileOnItToReadOrToBeMade) {
  bed_.plug(evil_stick());
  test::write_text(folder_ / "a.pcl", "x");
  for (const std::string& target :
       {folder_ / "a.pcl", "iso:" + (folder_ / "a.pcl"), "iso:" + (folder_ / "new.iso"),
        "raw:" + (folder_ / "a.pcl"), "tape:" + (folder_ / "new.tap")}) {
    EXPECT_EQ(error_of([&] { UsbGate().check(fs_, target); }).exit_status(), 3) << target;
  }
}

TEST_F(UsbGateTest, LetsItPassWhenTheSettingNamesIt) {
  bed_.plug(evil_stick());
  EXPECT_NO_THROW(open_medium(fs_, folder_.path(), UsbGate("0951:1666:EVIL01")));
  const Error error = error_of([&] { open_medium(fs_, folder_.path(), UsbGate("0781:5581:X")); });
  EXPECT_THAT(error.hint(), HasSubstr("'gate.allow=0781:5581:X,0951:1666:EVIL01'"));
}

TEST_F(UsbGateTest, HasNothingToSayOfWhatIsOnNoUsbBus) {
  test::UsbSpec spec = evil_stick();
  spec.disk = 0;  // the keyboard is there, and this folder is not on it
  bed_.plug(spec);
  EXPECT_NO_THROW(UsbGate().check(fs_, folder_.path()));
  EXPECT_TRUE(open_medium(fs_, folder_.path())->identity().usb.empty());
}

TEST_F(UsbGateTest, RefusesWhatItCannotBeTold) {
  test::UsbSpec spec = stick();
  spec.descriptors = {18};
  bed_.plug(spec);
  const Error error = error_of([&] { open_medium(fs_, folder_.path()); });
  EXPECT_EQ(error.exit_status(), 11);
  EXPECT_THAT(error.subject(), StartsWith("USB device 0951:1666:GOOD01"));
}

}  // namespace
}  // namespace courier
