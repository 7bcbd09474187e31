#include "media/raw_medium.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "base/durable.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_files.h"
#include "tests/support/test_parcels.h"
#include "tests/support/wrapping_file_system.h"
#include "tests/unit/media/raw_bench.h"

namespace courier {
namespace {

using test::chain_of;
using test::error_of;
using test::FaultyFileSystem;
using test::in_memory;
using test::parcel_like;

class RawMediumTest : public testing::Test {
 protected:
  RawMediumTest() { set_size(64u << 20); }
  void set_size(std::uint64_t size) { fs_.truncate(fs_.open(image_, O_RDWR | O_CREAT), size); }
  ProvedCopy write(FileSystem& fs, const Bytes& content, const std::string& name) {
    return RawMedium(fs, image_, "").write_proved(in_memory(content), name, {});
  }
  std::vector<std::pair<std::string, Bytes>> offered() {
    std::vector<std::pair<std::string, Bytes>> out;
    last_ = RawMedium(fs_, image_, "").scan([&](OfferedVolume&& volume) {
      Bytes bytes(volume.size);
      bytes.resize(volume.bytes.read_at(0, bytes));
      out.emplace_back(volume.path.substr(volume.path.rfind('/') + 1), std::move(bytes));
    });
    return out;
  }
  void patch(std::uint64_t offset, std::string_view bytes) {
    fs_.pwrite(fs_.open(image_, O_RDWR), as_bytes(bytes), offset);
  }

  test::TempFolder folder_;
  const std::string image_ = folder_ / "drive.img";
  PosixFileSystem posix_;
  FileSystem& fs_ = posix_;
  ScanResult last_;
};

TEST_F(RawMediumTest, PutsVolumesOneBehindTheOtherFromTheFirstByteOn) {
  const Bytes first = parcel_like(5'000'000, 1), second = parcel_like(10, 2);
  write(fs_, first, "PUN-PSE-000001.pcl");
  write(fs_, second, "PUN-PSE-000002.pcl");
  const RawChain chain = chain_of(fs_, image_);
  ASSERT_EQ(chain.volumes.size(), 2u);
  EXPECT_EQ(chain.volumes[0].data, 131'072u);
  EXPECT_EQ(chain.volumes[1].mark.position, raw_next(0, first.size()));
  EXPECT_EQ(chain.volumes[1].mark.position % kRawUnit, 0u);
  EXPECT_EQ(chain.volumes[0].mark.digest, digest_of(DigestKind::file, first));
  const auto found = offered();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], (std::pair<std::string, Bytes>{"PUN-PSE-000001.pcl", first}));
  EXPECT_EQ(found[1], (std::pair<std::string, Bytes>{"PUN-PSE-000002.pcl", second}));
}

TEST_F(RawMediumTest, OverwritesNothingThatIsNotItsOwn) {
  for (const std::uint64_t at : {0ull, 510ull, 1'000'000ull, (64ull << 20) - 512}) {
    set_size(0);
    set_size(64u << 20);
    patch(at, "\x55\xaa");
    const std::string before = test::read_text(image_);
    const Error error = error_of([&] { write(fs_, parcel_like(10), "a.pcl"); });
    EXPECT_EQ(error.exit_status(), 9);
    EXPECT_NE(std::string(error.what()).find("holds something that is not Courier's"),
              std::string::npos)
        << error.what();
    EXPECT_EQ(error_of([&] { RawMedium(fs_, image_, "").room(); }).exit_status(), 9);
    EXPECT_EQ(test::read_text(image_), before);
  }
  // An erased flash chip gives ones.
  patch(0, std::string(64u << 20, '\xff'));
  write(fs_, parcel_like(10), "a.pcl");
}

TEST_F(RawMediumTest, FindsAParcelThatWasCopiedThereWithoutAMarkAndKeepsIt) {
  const Bytes parcel = parcel_like(100'000);
  patch(0, as_text(parcel));
  const auto found = offered();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].first, "at byte 0");
  EXPECT_TRUE(std::equal(parcel.begin(), parcel.end(), found[0].second.begin()));
  EXPECT_EQ(error_of([&] { write(fs_, parcel_like(10), "a.pcl"); }).exit_status(), 9);
}

TEST_F(RawMediumTest, FindsAVolumeByItsSecondMarkAndByItsBeginning) {
  const Bytes content = parcel_like(100'000);
  write(fs_, content, "a.pcl");
  write(fs_, parcel_like(7), "b.pcl");
  patch(100, "spoilt");
  EXPECT_EQ(offered().size(), 2u);
  patch(kRawUnit + 100, "spoilt");
  const auto found = offered();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].first, "at byte 131072");
  EXPECT_EQ(error_of([&] { write(fs_, content, "c.pcl"); }).exit_status(), 9);
}

TEST_F(RawMediumTest, ReadsTheSecondMarkWhenTheFirstIsABadSector) {
  write(fs_, parcel_like(100'000), "a.pcl");
  const VolumeBytes image = bytes_of_file(fs_, fs_.open(image_, O_RDONLY));
  const VolumeBytes bad{image.size, [&](std::uint64_t offset, MutableByteView out) {
                          if (offset < 4096) throw system_error(EIO, "drive", "cannot read it");
                          return image.read_at(offset, out);
                        }};
  const RawChain chain = walk_raw(bad);
  EXPECT_EQ(chain.volumes.size(), 1u);
  EXPECT_TRUE(chain.unreadable.empty());
}

TEST_F(RawMediumTest, BelievesNoMarkThatClaimsMoreThanThereIs) {
  write(fs_, parcel_like(100'000), "a.pcl");
  for (const std::uint64_t claimed : {64ull << 20, 1ull << 44, ~0ull >> 1}) {
    const Bytes mark =
        encode_volume_mark({VolumeMark::Kind::raw, 0, claimed, 0, "a.pcl", Digest{}});
    patch(0, as_text(mark));
    patch(kRawUnit, as_text(mark));
    EXPECT_EQ(chain_of(fs_, image_).volumes.at(0).is_marked, false);
  }
}

TEST_F(RawMediumTest, WritesToAnImageOfNearlySixteenTebibytes) {
  const std::uint64_t size = (16ull << 40) - (1u << 20);
  try {
    set_size(size);
  } catch (const Error&) {
    GTEST_SKIP() << "this file system has no such files";
  }
  EXPECT_GT(RawMedium(fs_, image_, "").room(), (16ull << 40) - (8u << 20));
  write(fs_, parcel_like(1000), "a.pcl");
  EXPECT_EQ(offered().size(), 1u);
}

// Whatever call fails: what lay there is there, the new volume is there whole or not at all, and
// the same call again ends well.
TEST_F(RawMediumTest, IsWholeOrAbsentAtEveryFailingCall) {
  set_size(6u << 20);
  const Bytes first = parcel_like(1000, 1), second = parcel_like(20'000, 2);
  for (const auto& [fault, stays] : {std::pair(EIO, false), std::pair(ENODEV, true)}) {
    set_size(0);
    set_size(6u << 20);
    write(fs_, first, "a.pcl");
    const std::string before = test::read_text(image_);
    test::at_every_failing_call(
        fs_, fault, stays, [&](FileSystem& faulty) { write(faulty, second, "b.pcl"); },
        [](const Error& error) { EXPECT_EQ(error.exit_status(), 11) << error.what(); },
        [&] {
          for (const auto& [name, content] : offered()) {
            EXPECT_EQ(content, name == "a.pcl" ? first : second);
          }
          write(fs_, second, "b.pcl");
          EXPECT_EQ(offered().size(), 2u);
          test::write_text(image_, before);
        });
  }
}

TEST_F(RawMediumTest, NamesADriveOfFalseCapacity) {
  // It says 64 MiB and has 16: what goes beyond comes again from its beginning.
  test::WrappingFileSystem wrapping(fs_, image_, 16u << 20);
  Bytes content = parcel_like(30'000'000);
  const std::string noise = test::noise(content.size(), 1);
  std::copy(noise.begin() + 1000, noise.end(), content.begin() + 1000);
  const Error error = error_of([&] { write(wrapping, content, "a.pcl"); });
  EXPECT_EQ(error.exit_status(), 11);
  EXPECT_NE(std::string(error.what()).find("has a false capacity"), std::string::npos)
      << error.what();
  EXPECT_NE(std::string(error.what()).find("holds about 16.8 MB and says 67.1 MB"),
            std::string::npos)
      << error.what();
  EXPECT_EQ(error.hint(),
            "do not use this medium again: it loses whatever goes beyond its true size");
}

TEST_F(RawMediumTest, SaysWhichOtherVolumeADriveOfFalseCapacityLost) {
  test::WrappingFileSystem wrapping(fs_, image_, 16u << 20);
  write(wrapping, parcel_like(12'000'000, 1), "a.pcl");
  const Error error = error_of([&] { write(wrapping, parcel_like(9'000'000, 2), "b.pcl"); });
  EXPECT_EQ(error.exit_status(), 11);
  EXPECT_NE(std::string(error.what()).find("does not hold a.pcl any more"), std::string::npos)
      << error.what();
  EXPECT_EQ(error.loss(), "a.pcl on this medium is lost; neither parcel is");
}

TEST_F(RawMediumTest, RefusesWhatIsNoMedium) {
  EXPECT_EQ(error_of([&] { RawMedium(fs_, folder_ / "none", "").room(); }).exit_status(), 7);
  EXPECT_EQ(error_of([&] { RawMedium(fs_, folder_.path(), "").room(); }).exit_status(), 2);
  EXPECT_EQ(error_of([&] { RawMedium(fs_, "/dev/null", "").scan({}); }).exit_status(), 2);
}

class DriveIdentityTest : public testing::Test {
 protected:
  DriveIdentityTest() {
    namespace stdfs = std::filesystem;
    stdfs::create_directories(root_ / "proc/self");
    stdfs::create_directories(root_ / "sys/dev/block");
    test::write_text(root_ / "proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
    test::write_text(root_ / "proc/swaps", "Filename Type\n");
  }
  // A drive with one partition.
  void drive(const std::string& bus, const std::string& name, const std::string& numbers,
             const std::string& removable) {
    const std::string inner = "devices/pci0/" + bus + "/block/" + name;
    test::write_files(root_ / "sys/" + inner, {{"removable", removable + "\n"},
                                               {name + "1/partition", "1\n"},
                                               {name + "1/dev", "8:17\n"}});
    std::filesystem::create_directories(root_ / "sys/" + inner + "/" + name + "1/holders");
    for (const auto& [number, below] :
         {std::pair{numbers, inner}, {std::string("8:17"), inner + "/" + name + "1"}}) {
      std::filesystem::create_symlink("../../" + below, root_ / "sys/dev/block/" + number);
    }
  }
  DriveIdentity identity(const std::string& numbers = "8:16") {
    return identity_of_drive(fs_, numbers, root_.path());
  }

  test::TempFolder root_;
  PosixFileSystem posix_;
  FileSystem& fs_ = posix_;
};

TEST_F(DriveIdentityTest, TellsAStickFromADiskOfTheMachine) {
  drive("usb1/1-1", "sdb", "8:16", "0");
  test::write_files(root_ / "sys/devices/pci0/usb1/1-1",
                    {{"idVendor", "0951\n"}, {"serial", "STICK001\n"}});
  EXPECT_FALSE(identity().is_fixed);
  EXPECT_EQ(identity().serial, "STICK001");
  EXPECT_EQ(identity("8:17").serial, "STICK001");
  EXPECT_TRUE(identity("8:99").is_fixed);  // what is not known
}

TEST_F(DriveIdentityTest, TellsADiskOfTheMachine) {
  drive("ata1", "sdb", "8:16", "0");
  EXPECT_TRUE(identity().is_fixed);
  EXPECT_TRUE(identity("8:17").is_fixed);
}

TEST_F(DriveIdentityTest, TellsACardReaderByItsRemovableMedium) {
  drive("mmc0", "sdb", "8:16", "1");
  EXPECT_FALSE(identity().is_fixed);
}

TEST_F(DriveIdentityTest, TellsWhatIsInUse) {
  drive("usb1/1-1", "sdb", "8:16", "1");
  EXPECT_EQ(identity().in_use, "");
  test::write_text(root_ / "proc/self/mountinfo",
                   "22 1 8:17 / /media/a\\040b rw - vfat /dev/sdb1 rw\n");
  EXPECT_EQ(identity().in_use, "mounted at /media/a b");
  EXPECT_EQ(identity("8:17").in_use, "mounted at /media/a b");
  test::write_text(root_ / "proc/self/mountinfo", "");
  test::write_text(root_ / "proc/swaps", "Filename Type\n/dev/sdb1 partition 1 2 3\n");
  EXPECT_EQ(identity().in_use, "used as swap");
  test::write_text(root_ / "proc/swaps", "");
  std::filesystem::create_directories(root_ /
                                      "sys/devices/pci0/usb1/1-1/block/sdb/sdb1/holders/dm-0");
  EXPECT_EQ(identity().in_use, "part of dm-0");
}

}  // namespace
}  // namespace courier
