#include "media/usb_device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/error_of.h"
#include "tests/support/usb_bed.h"

namespace courier {
namespace {

using test::configuration_descriptor;
using test::device_descriptor;
using test::error_of;
using test::interface_descriptor;
using test::operator+;
using test::storage_interface;
using testing::ElementsAre;
using testing::HasSubstr;

class UsbDeviceTest : public testing::Test {
 protected:
  UsbDevice read(const test::UsbSpec& spec) { return read_usb_device(fs_, bed_.plug(spec)); }

  test::UsbBed bed_;
  PosixFileSystem fs_;
};

constexpr UsbInterface kStorage{0x08, 0x06, 0x50}, kKeyboard{0x03, 0x01, 0x01};

TEST_F(UsbDeviceTest, TellsWhatAPlainStickIs) {
  const UsbDevice device = read({});
  EXPECT_EQ(device.name.describe(), "0951:1666:GOOD01 (Kingston DataTraveler 3.0)");
  EXPECT_EQ(device.device_class, 0);
  EXPECT_EQ(device.configurations, 1u);
  EXPECT_EQ(device.unreadable_configurations, 0u);
  EXPECT_THAT(device.interfaces, ElementsAre(kStorage));
}

TEST_F(UsbDeviceTest, SeesAnInterfaceInAnotherSetting) {
  test::UsbSpec spec;
  spec.descriptors = device_descriptor(0x951, 0x1666) +
                     configuration_descriptor(
                         1, 1, {storage_interface(), interface_descriptor(0, 1, 0x03, 0x01, 0x01)});
  EXPECT_THAT(read(spec).interfaces, ElementsAre(kStorage, kKeyboard));
}

TEST_F(UsbDeviceTest, SeesAnInterfaceOfAConfigurationThatIsNotInUse) {
  test::UsbSpec spec;
  spec.descriptors = device_descriptor(0x951, 0x1666, 0, 2) +
                     configuration_descriptor(1, 1, {storage_interface()}) +
                     configuration_descriptor(2, 1, {interface_descriptor(0, 0, 0x03, 0x01, 0x01)});
  const UsbDevice device = read(spec);
  EXPECT_EQ(device.configurations, 2u);
  EXPECT_THAT(device.interfaces, ElementsAre(kStorage, kKeyboard));
}

TEST_F(UsbDeviceTest, SeesAnInterfaceThatOnlyTheKernelFound) {
  // libusb stops at a descriptor that says it is longer than what there is; the kernel goes on.
  test::UsbSpec spec;
  spec.bound = {"08/06/50", "03/01/01"};
  EXPECT_THAT(read(spec).interfaces, ElementsAre(kStorage, kKeyboard));
}

TEST_F(UsbDeviceTest, OfHostileDescriptorsEndsInFactsOrAnError) {
  const std::string folder = bed_.plug({});
  const Bytes plain = test::UsbSpec().descriptors;
  // Cut off anywhere, each length and count exaggerated, each byte turned round.
  std::vector<Bytes> cases;
  for (std::size_t size = 0; size < plain.size(); ++size) {
    cases.emplace_back(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(size));
  }
  for (std::size_t at = 0; at < plain.size(); ++at) {
    for (const char value : {'\x00', '\x01', '\x7f', '\x80', '\xff'}) {
      Bytes one = plain;
      one[at] = static_cast<std::uint8_t>(value);
      cases.push_back(one);
    }
  }
  std::size_t read_whole = 0, named = 0;
  for (const Bytes& descriptors : cases) {
    bed_.describe(folder, descriptors);
    try {
      const UsbDevice device = read_usb_device(fs_, folder);
      ++read_whole;
      EXPECT_LT(device.interfaces.size(), 40u);
    } catch (const Error& error) {
      ++named;
      EXPECT_EQ(error.code(), ErrorCode::device) << error.what();
      EXPECT_THAT(error.subject(), HasSubstr("0951:1666:GOOD01"));
    }
  }
  EXPECT_GT(read_whole, 50u);
  EXPECT_GT(named, 10u);
}

TEST_F(UsbDeviceTest, ThatBecameAnotherIsAnError) {
  test::UsbSpec spec;
  spec.descriptors =
      device_descriptor(0x1234, 0x5678) + configuration_descriptor(1, 1, {storage_interface()});
  const Error error = error_of([&] { read(spec); });
  EXPECT_EQ(error.exit_status(), 11);
  EXPECT_STREQ(error.what(),
               "USB device 0951:1666:GOOD01 (Kingston DataTraveler 3.0): is another device by now");
}

TEST_F(UsbDeviceTest, ThatLibusbDoesNotFindIsAnError) {
  test::UsbSpec spec;
  const std::string folder = bed_.plug(spec);
  test::UsbSpec other;
  other.port = "1-2";
  other.number = 3;
  const std::string there = bed_.plug(other);
  // A folder whose numbers are those of no device.
  EXPECT_EQ(error_of([&] { read_usb_device(fs_, folder + "/../none"); }).exit_status(), 11);
  EXPECT_EQ(read_usb_device(fs_, there).name.serial, "GOOD01");
}

TEST(UsbName, IsOneWordThatIsSafeToShowAndToType) {
  UsbName name{"0951", "1666", "A b,c'\x1b[31m\xff", "evil\x1b[2J", "stick\u202e"};
  EXPECT_EQ(name.identity(), "0951:1666:A\\x20b\\x2cc\\x27\\x1b\\x5b31m\\xff");
  const std::string shown = name.describe();
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
  EXPECT_EQ(shown.find("\u202e"), std::string::npos);
  EXPECT_THAT(shown, HasSubstr("(evil\\x1b[2J stick"));
  EXPECT_EQ((UsbName{"0951", "1666", "", "", ""}.describe()), "0951:1666:");
}

}  // namespace
}  // namespace courier
