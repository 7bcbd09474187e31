// What the code does differently for a device with a quirk, each beside what it does without.
#include "media/quirks.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "base/durable.h"
#include "media/folder_medium.h"
#include "media/raw_medium.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/forwarding_file_system.h"
#include "tests/support/sysfs_bed.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_parcels.h"
#include "tests/unit/media/raw_bench.h"

namespace courier {
namespace {

using test::error_of;
using test::in_memory;
using test::parcel_like;
using test::SysfsBed;
using testing::ElementsAre;

TEST(Quirks, MatchAProductOfEveryRevisionAndOneRevisionAlone) {
  constexpr auto table = std::to_array<QuirkRow>({
      {"all", QuirkRow::Match::usb, "174c:55aa", {4096, 0, 0, false}},
      {"one", QuirkRow::Match::usb, "174c:55aa:0100", {0, 5, 0, false}},
  });
  const auto of = [&](const std::string& usb) { return quirks_of({usb, ""}, table); };
  EXPECT_EQ(of("174c:55aa:0200"), (Quirks{4096, 0, 0, false}));
  EXPECT_EQ(of("174c:55aa:0100"), (Quirks{4096, 5, 0, false}));
  EXPECT_EQ(of("174c:55ab:0100"), Quirks());
  EXPECT_EQ(of("174c:55aa0:100"), Quirks());
  EXPECT_EQ(of(""), Quirks());
}

TEST(Quirks, MatchTheBeginningOfAnInquiryAndTakeTheStrictestOfAll) {
  constexpr auto table = std::to_array<QuirkRow>({
      {"some", QuirkRow::Match::inquiry, "ARCHIVE VIPER", {8192, 5, 1024, false}},
      {"more", QuirkRow::Match::inquiry, "ARCHIVE VIPER 150", {4096, 2, 512, false}},
      {"none", QuirkRow::Match::usb, "ARCHIVE VIPER 150", {512, 99, 1, false}},
  });
  const auto of = [&](const std::string& inquiry) { return quirks_of({"", inquiry}, table); };
  EXPECT_EQ(of("ARCHIVE VIPER 150 21531 -004"), (Quirks{4096, 5, 512, false}));
  EXPECT_EQ(of("ARCHIVE VIPER 2525"), (Quirks{8192, 5, 1024, false}));
  EXPECT_EQ(of("AN ARCHIVE VIPER 150"), Quirks());
}

TEST(Quirks, HaveATableWhoseEveryRowIsActedUpon) {
  ASSERT_FALSE(quirk_table().empty());
  for (const QuirkRow& row : quirk_table()) {
    EXPECT_NE(row.quirks, Quirks()) << row.id;
    EXPECT_EQ(row.quirks.transfer_bytes % 4096, 0u) << row.id;
    const bool is_usb = row.match == QuirkRow::Match::usb;
    const std::string device(row.device);
    EXPECT_NE(
        quirks_of(is_usb ? DeviceNames{device + ":0100", ""} : DeviceNames{"", device + " 1"}),
        Quirks())
        << row.id;
  }
}

class QuirksOfADrive : public testing::Test {
 protected:
  test::TempFolder folder_;
  SysfsBed bed_;
  PosixFileSystem posix_;
  FileSystem& fs_ = posix_;
};

TEST_F(QuirksOfADrive, AreFoundByWhatItIsOnUsb) {
  bed_.put_drive_under(folder_.path(), "05e3:0702:0033", "ST912082", "2A              ", "3.02");
  EXPECT_EQ(quirks_under(fs_, open_dir(fs_, folder_.path()), bed_.root()).transfer_bytes,
            32u << 10);
}

TEST_F(QuirksOfADrive, AreFoundByItsInquiryHoweverItIsPadded) {
  bed_.put_drive_under(folder_.path(), "", "ARCHIVE ", "VIPER 150  21531", "-004");
  EXPECT_EQ(quirks_under(fs_, open_dir(fs_, folder_.path()), bed_.root()).tape_block, 512u);
}

TEST_F(QuirksOfADrive, AreThoseOfTheHubThatItIsPluggedInto) {
  const std::string root_hub = bed_.root() + "/sys/devices/pci0000:00/usb1";
  std::filesystem::create_directories(root_hub + "/1-1/1-1.2");
  for (const auto& [folder, vendor] :
       {std::pair("/1-1", "2109\n"), std::pair("/1-1/1-1.2", "0951\n")}) {
    test::write_text(root_hub + folder + "/idVendor", vendor);
    test::write_text(root_hub + folder + "/idProduct", "3431\n");
  }
  EXPECT_TRUE(quirks_of_hub(fs_, root_hub + "/1-1/1-1.2").ports_keep_power);
  EXPECT_FALSE(quirks_of_hub(fs_, root_hub + "/1-1").ports_keep_power);
}

TEST_F(QuirksOfADrive, AreNoneOfAnOrdinaryDriveNorOfNoDrive) {
  const Fd dir = open_dir(fs_, folder_.path());
  EXPECT_EQ(quirks_under(fs_, dir, bed_.root()), Quirks());
  bed_.put_drive_under(folder_.path(), "0951:1666:0110", "Kingston", "DataTraveler 3.0", "PMAP");
  EXPECT_EQ(quirks_under(fs_, dir, bed_.root()), Quirks());
}

// How much each read and write at a place of `path` moved.
class MeasuringFileSystem final : public test::ForwardingFileSystem {
 public:
  MeasuringFileSystem(FileSystem& real, std::string part)
      : ForwardingFileSystem(real), part_(std::move(part)) {}
  std::size_t pread(const Fd& fd, MutableByteView out, std::uint64_t offset) override {
    if (is_measured(fd)) most_read_ = std::max(most_read_, out.size());
    return real_.pread(fd, out, offset);
  }
  void pwrite(const Fd& fd, ByteView data, std::uint64_t offset) override {
    if (is_measured(fd)) most_written_ = std::max(most_written_, data.size());
    real_.pwrite(fd, data, offset);
  }
  void sync(const Fd& fd) override {
    real_.sync(fd);
    if (is_measured(fd)) log_.push_back("sync");
  }
  std::size_t most_read_ = 0, most_written_ = 0;
  std::vector<std::string> log_;

 private:
  bool is_measured(const Fd& fd) const { return path_of(fd).find(part_) != std::string::npos; }
  const std::string part_;
};

class QuirksInUse : public QuirksOfADrive {
 protected:
  QuirksInUse() { fs_.truncate(fs_.open(image_, O_RDWR | O_CREAT), 64u << 20); }
  void write_raw(MeasuringFileSystem& fs) {
    RawMedium medium(fs, image_, "", bed_.root(), [&](unsigned s) { waited(fs, s); });
    EXPECT_FALSE(medium.write_proved(in_memory(content_), "a.pcl", {}).was_there);
  }
  void write_file(MeasuringFileSystem& fs) {
    FolderMedium medium(fs, folder_.path(), bed_.root(), [&](unsigned s) { waited(fs, s); });
    EXPECT_FALSE(medium.write_proved(in_memory(content_), "a.pcl", {}).was_there);
  }
  void waited(MeasuringFileSystem& fs, unsigned seconds) {
    fs.log_.push_back("wait " + std::to_string(seconds));
    read_before_waits_.push_back(std::exchange(fs.most_read_, 0));
  }

  std::vector<std::size_t> read_before_waits_;  // the largest read since the wait before
  const std::string image_ = folder_ / "drive.img";
  const Bytes content_ = parcel_like(9'000'000);
};

TEST_F(QuirksInUse, TransferOnARawDriveIsInPiecesThatItsBridgeBears) {
  MeasuringFileSystem without(posix_, "drive.img");
  write_raw(without);
  EXPECT_EQ(without.most_written_, 4u << 20);
  std::filesystem::remove(image_);
  fs_.truncate(fs_.open(image_, O_RDWR | O_CREAT), 64u << 20);
  bed_.put_drive_under(folder_.path(), "05e3:0702:0033");
  MeasuringFileSystem with(posix_, "drive.img");
  write_raw(with);
  EXPECT_EQ(with.most_written_, 32u << 10);
  const auto offered = test::chain_of(fs_, image_).volumes;
  ASSERT_EQ(offered.size(), 1u);
  EXPECT_EQ(offered[0].mark.digest, digest_of(DigestKind::file, content_));
}

TEST_F(QuirksInUse, TransferOfAReadBackIsInPiecesThatItsBridgeBears) {
  MeasuringFileSystem without(posix_, folder_.path());
  write_file(without);
  EXPECT_EQ(without.most_read_, 4u << 20);
  std::filesystem::remove(folder_ / "a.pcl");
  bed_.put_drive_under(folder_.path(), "174c:55aa:0100");
  MeasuringFileSystem with(posix_, folder_.path());
  write_file(with);
  EXPECT_EQ(with.most_read_, 120u << 10);
  EXPECT_EQ(test::read_text(folder_ / "a.pcl"), as_text(content_));
}

TEST_F(QuirksInUse, AFlushThatIsNotBelievedIsGivenTimeBeforeTheReadBack) {
  MeasuringFileSystem without(posix_, folder_.path());
  write_file(without);
  EXPECT_THAT(without.log_, testing::Not(testing::Contains("wait 10")));
  std::filesystem::remove(folder_ / "a.pcl");
  bed_.put_drive_under(folder_.path(), "0bc2:2300:0130");
  MeasuringFileSystem with(posix_, folder_.path());
  write_file(with);
  // The content, then time, then it is read; the last is the folder, with the name, and time for
  // it.
  EXPECT_THAT(with.log_, ElementsAre("sync", "wait 10", "sync", "sync", "wait 10"));
  EXPECT_THAT(read_before_waits_, ElementsAre(0, 4u << 20));
  EXPECT_THAT(bed_.cache_type(), testing::StartsWith("temporary write back"));
}

TEST_F(QuirksInUse, ADriveWhoseFlushIsBelievedKeepsTheCacheThatTheKernelKnowsOf) {
  bed_.put_drive_under(folder_.path(), "0951:1666:0110");
  MeasuringFileSystem fs(posix_, "drive.img");
  write_raw(fs);
  std::filesystem::remove(folder_ / "a.pcl");
  write_file(fs);
  EXPECT_EQ(bed_.cache_type(), "write through\n");
}

TEST_F(QuirksInUse, AFlushOfARawDriveThatIsNotBelievedIsGivenTimeEachTime) {
  bed_.put_drive_under(folder_.path(), "4971:8024:0100");
  MeasuringFileSystem fs(posix_, "drive.img");
  write_raw(fs);
  // The mark of the unfinished volume, the volume, its mark.
  EXPECT_THAT(fs.log_, ElementsAre("sync", "wait 10", "sync", "wait 10", "sync", "wait 10"));
  EXPECT_THAT(bed_.cache_type(), testing::StartsWith("temporary write back"));
}

TEST_F(QuirksInUse, ADriveThatIsGoneIsNotCalledFull) {
  bed_.put_drive_under(folder_.path(), "0951:1666:0110");
  test::FaultyFileSystem faulty(posix_);
  FolderMedium medium(faulty, folder_.path(), bed_.root());
  const auto write = [&](const ProgressSink& progress) {
    faulty.fill_after(5'000'000);
    return error_of([&] { medium.write_proved(in_memory(content_), "a.pcl", progress); });
  };
  EXPECT_EQ(write({}).code(), ErrorCode::no_space);
  const Error error = write([&](const ProgressEvent& event) {
    if (event.done > 0) bed_.pull_out();
  });
  EXPECT_EQ(error.code(), ErrorCode::device);
  EXPECT_EQ(error.happened(), "was pulled out while a.pcl was written to it");
}

}  // namespace
}  // namespace courier
