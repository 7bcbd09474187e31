#include "courier/volume_writer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "media/recovery.h"
#include "tests/support/error_of.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_medium.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_parcels.h"

namespace courier {
namespace {

using test::error_of;
using test::FakeMedium;

class VolumeWriterTest : public testing::Test {
 protected:
  // One run of the command; false: it goes on with another medium.
  bool write(FakeMedium& medium, const VolumeRequest& request = {}) {
    VolumeWriter writer(cut_, id_, copies_, request, clock_,
                        [&](const ParcelCopy& copy) { copies_.push_back(copy); });
    try {
      writer.fill(medium, "fake:", {});
    } catch (const Error&) {
      now_ = writer.written_now();
      throw;
    }
    now_ = writer.written_now();
    return writer.is_done();
  }
  static std::vector<std::string> names(const FakeMedium& medium) {
    std::vector<std::string> out;
    for (const auto& [name, content] : medium.files()) out.push_back(name);
    return out;
  }
  // How many bytes a volume with so many of the records has.
  std::uint64_t size_with(std::uint64_t records) { return cut_.size_of(cut_.run_of(0, records)); }

  const ParcelId id_ = ParcelId::parse("PUN-PSE-000001");
  const Bytes parcel_ = test::keyless_parcel({1000, 1000, 1000, 1000, 1000});
  VolumeCut cut_{test::volume_of(parcel_), "file p.pcl"};
  test::FakeClock clock_;
  std::vector<ParcelCopy> copies_;
  std::vector<WrittenVolume> now_;
};

using Names = std::vector<std::string>;

TEST_F(VolumeWriterTest, WritesTheParcelAsItIsWhereItFits) {
  FakeMedium medium;
  EXPECT_TRUE(write(medium));
  EXPECT_EQ(names(medium), Names{"PUN-PSE-000001.pcl"});
  EXPECT_EQ(medium.files().begin()->second, parcel_);
  ASSERT_EQ(copies_.size(), 1u);
  EXPECT_EQ(copies_[0].cut, "");
  EXPECT_EQ(copies_[0].medium_serial, "0951:1666:FAKE0001");
  EXPECT_TRUE(write(medium));
  EXPECT_TRUE(now_[0].proved.was_there);
}

TEST_F(VolumeWriterTest, FillsOneMediumAfterTheOtherAcrossRestarts) {
  FakeMedium first, second, third;
  first.set_capacity(size_with(2) + 10);
  second.set_capacity(size_with(2) + 500);
  EXPECT_FALSE(write(first));
  EXPECT_FALSE(write(second));
  EXPECT_TRUE(write(third));
  EXPECT_EQ(names(first), Names{"PUN-PSE-000001.v1.pcl"});
  EXPECT_EQ(names(second), Names{"PUN-PSE-000001.v2.pcl"});
  EXPECT_EQ(names(third), Names{"PUN-PSE-000001.v3.pcl"});
  ASSERT_EQ(copies_.size(), 3u);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(copies_[i].verified);
    EXPECT_EQ(copies_[i].number, i + 1);
    EXPECT_EQ(copies_[i].volumes, 3u);
    EXPECT_EQ(copies_[i].cut, copies_[0].cut);
  }
  EXPECT_EQ(copies_[2].end_record, 5u);
  // The set is complete: the same command makes the next copy.
  FakeMedium large;
  EXPECT_TRUE(write(large));
  EXPECT_EQ(names(large), Names{"PUN-PSE-000001.pcl"});
}

TEST_F(VolumeWriterTest, WritesSeveralVolumesOfAGivenSizeToOneMedium) {
  FakeMedium medium;
  EXPECT_TRUE(write(medium, {.volume_size = size_with(2)}));
  EXPECT_EQ(names(medium),
            (Names{"PUN-PSE-000001.v1.pcl", "PUN-PSE-000001.v2.pcl", "PUN-PSE-000001.v3.pcl"}));
  // The same command proves them again.
  EXPECT_TRUE(write(medium, {.volume_size = size_with(2)}));
  EXPECT_EQ(now_.size(), 3u);
  for (const WrittenVolume& written : now_) EXPECT_TRUE(written.proved.was_there);
  // It goes on there as well when the last one was lost with the row that tells of it.
  copies_.resize(2);
  EXPECT_TRUE(write(medium, {.volume_size = size_with(2)}));
  ASSERT_EQ(now_.size(), 1u);
  EXPECT_TRUE(now_[0].proved.was_there);
  EXPECT_EQ(now_[0].copy.number, 3u);
}

TEST_F(VolumeWriterTest, FindsOutHowLargeAFileOfTheMediumMayBe) {
  FakeMedium fat;
  fat.set_largest_file(size_with(2) + 900);
  EXPECT_TRUE(write(fat));
  EXPECT_EQ(names(fat),
            (Names{"PUN-PSE-000001.v1.pcl", "PUN-PSE-000001.v2.pcl", "PUN-PSE-000001.v3.pcl"}));
  // Without a row for any of them it knows what lies there.
  copies_.clear();
  EXPECT_TRUE(write(fat));
  EXPECT_EQ(now_.size(), 3u);
}

TEST_F(VolumeWriterTest, WritesNoVolumeOfAParcelThatWentBad) {
  Bytes bad = parcel_;
  bad[cut_.run_of(3, 4).offset + 500] ^= 1;
  const VolumeCut cut(test::volume_of(bad), "file p.pcl");
  FakeMedium medium;
  VolumeWriter writer(cut, id_, {}, {.volume_size = size_with(2)}, clock_,
                      [](const ParcelCopy&) {});
  const Error error = error_of([&] { writer.fill(medium, "fake:", {}); });
  EXPECT_EQ(error.code(), ErrorCode::damaged);
  EXPECT_NE(std::string(error.what()).find("damaged in record 3"), std::string::npos);
  EXPECT_EQ(names(medium), Names{"PUN-PSE-000001.v1.pcl"});
}

TEST_F(VolumeWriterTest, TakesWhatLiesThereAndHasNoRowForWritten) {
  FakeMedium medium;
  medium.set_capacity(size_with(2) + 10);
  EXPECT_FALSE(write(medium));
  copies_.clear();  // killed before the ledger knew
  EXPECT_FALSE(write(medium));
  ASSERT_EQ(copies_.size(), 1u);
  EXPECT_TRUE(now_[0].proved.was_there);
  FakeMedium other;
  EXPECT_TRUE(write(other));
  EXPECT_EQ(names(other), Names{"PUN-PSE-000001.v2.pcl"});
  EXPECT_EQ(copies_[1].cut, copies_[0].cut);
}

TEST_F(VolumeWriterTest, KeepsAVolumeThatFailedAsBadAndWritesItElsewhere) {
  FakeMedium first, bad, good;
  first.set_capacity(size_with(3));
  EXPECT_FALSE(write(first));
  bad.spoil_next_write();
  EXPECT_EQ(error_of([&] { write(bad); }).code(), ErrorCode::device);
  ASSERT_EQ(copies_.size(), 2u);
  EXPECT_FALSE(copies_[1].verified);
  EXPECT_EQ(copies_[1].number, 2u);
  EXPECT_EQ(copies_[1].note, "gave back something else than was written");
  EXPECT_TRUE(write(good));
  EXPECT_EQ(names(good), Names{"PUN-PSE-000001.v2.pcl"});
  EXPECT_TRUE(copies_[2].verified);
}

TEST_F(VolumeWriterTest, SaysThatAFullMediumHasNoRoomForTheNextVolume) {
  FakeMedium medium;
  medium.set_capacity(size_with(2));
  EXPECT_FALSE(write(medium));
  const Error error = error_of([&] { write(medium); });
  EXPECT_EQ(error.code(), ErrorCode::no_space);
  EXPECT_NE(std::string(error.what()).find("no room for volume 2 of about 3 of parcel PUN-PSE-000001"),
            std::string::npos)
      << error.what();
  EXPECT_EQ(copies_.size(), 1u);
}

TEST_F(VolumeWriterTest, WritesOneVolumeAgainWithoutLosingItsPlace) {
  const VolumeRequest sized{.volume_size = size_with(2)};
  FakeMedium first, again, rest;
  first.set_capacity(size_with(2));
  EXPECT_FALSE(write(first, sized));
  EXPECT_TRUE(write(again, {.only = 1}));
  EXPECT_EQ(again.files(), first.files());
  EXPECT_TRUE(write(rest, sized));
  EXPECT_EQ(names(rest), (Names{"PUN-PSE-000001.v2.pcl", "PUN-PSE-000001.v3.pcl"}));
  FakeMedium unknown;
  EXPECT_EQ(error_of([&] { write(unknown, {.only = 7}); }).code(), ErrorCode::usage);
  EXPECT_EQ(error_of([&] { write(unknown, {.volume_size = size_with(2), .only = 4}); }).code(),
            ErrorCode::usage);
}

TEST_F(VolumeWriterTest, BeginsAnewWhenItIsToldTo) {
  FakeMedium small, large;
  small.set_capacity(size_with(2));
  EXPECT_FALSE(write(small));
  EXPECT_TRUE(write(large, {.anew = true}));
  EXPECT_EQ(names(large), Names{"PUN-PSE-000001.pcl"});
}

TEST_F(VolumeWriterTest, SaysTheLeastSizeWhenARecordDoesNotFit) {
  FakeMedium medium;
  const Error error = error_of([&] { write(medium, {.volume_size = 900}); });
  EXPECT_EQ(error.code(), ErrorCode::usage);
  EXPECT_EQ(error.hint(), "give --volume-size " + std::to_string(cut_.least_size()) + " or more");
  EXPECT_TRUE(write(medium, {.volume_size = cut_.least_size()}));
  EXPECT_EQ(medium.files().size(), 5u);
  FakeMedium tiny;
  tiny.set_capacity(900);
  EXPECT_EQ(error_of([&] { write(tiny, {.anew = true}); }).code(), ErrorCode::no_space);
}

TEST_F(VolumeWriterTest, DoesNotTakeADamagedVolumeForWritten) {
  FakeMedium medium;
  EXPECT_TRUE(write(medium, {.volume_size = size_with(3)}));
  Bytes spoilt = medium.files().at("PUN-PSE-000001.v2.pcl");
  spoilt[spoilt.size() / 2] ^= 1;
  medium.put("PUN-PSE-000001.v2.pcl", spoilt);
  EXPECT_EQ(error_of([&] { write(medium, {.volume_size = size_with(3)}); }).code(),
            ErrorCode::not_allowed);
}

TEST_F(VolumeWriterTest, CutsAVolumeAgainForSmallerMedia) {
  FakeMedium medium, small;
  EXPECT_TRUE(write(medium, {.volume_size = size_with(3)}));
  const VolumeCut second(test::volume_of(medium.files().at("PUN-PSE-000001.v2.pcl")), "file v2");
  VolumeWriter writer(second, id_, {}, {.volume_size = size_with(1)}, clock_,
                      [](const ParcelCopy&) {});
  writer.fill(small, "fake:", {});
  EXPECT_TRUE(writer.is_done());
  EXPECT_EQ(small.files().size(), 2u);
  EXPECT_EQ(writer.written_now()[0].copy.first_record, 3u);
}

TEST_F(VolumeWriterTest, LeavesRoomForTheRecoveryDataOfEachVolume) {
  VolumeRequest request{.volume_size = size_with(2) + 1500};
  request.recovery = 20;
  std::vector<std::uint64_t> sizes;
  PosixFileSystem fs;
  const test::TempFolder scratch;
  request.protect = [&](VolumeBytes volume, unsigned percent, bool is_stream,
                        const ProgressSink& progress) {
    EXPECT_FALSE(is_stream);
    EXPECT_EQ(percent, 20u);
    VolumeBytes whole = with_recovery(fs, std::move(volume), percent, scratch.path(), progress);
    sizes.push_back(whole.size);
    return whole;
  };
  FakeMedium medium;
  EXPECT_TRUE(write(medium, request));
  EXPECT_GT(sizes.size(), 2u);
  for (const std::uint64_t size : sizes) EXPECT_LE(size, request.volume_size);
  for (const WrittenVolume& written : now_) EXPECT_EQ(written.recovery, 20u);
  EXPECT_EQ(now_.back().copy.end_record, 5u);

  request.recovery.reset();  // on what is no disc
  FakeMedium other;
  EXPECT_TRUE(write(other, request));
  EXPECT_EQ(now_.front().recovery, 0u);
}

// Data volumes are cut a little smaller, so that a spare one fits the same medium.
TEST_F(VolumeWriterTest, WritesSpareVolumesBehindTheOthersAcrossRestarts) {
  const std::uint64_t capacity = size_with(2) + 3500;
  for (int i = 0; i < 5; ++i) {
    FakeMedium medium;
    medium.set_capacity(capacity);
    // Said once: the set knows.
    const VolumeRequest request = i == 0 ? VolumeRequest{.spares = 2} : VolumeRequest{};
    EXPECT_EQ(write(medium, request), i == 4) << i;
    EXPECT_EQ(names(medium), Names{i < 3 ? fmt::format("PUN-PSE-000001.v{}.pcl", i + 1)
                                         : fmt::format("PUN-PSE-000001.s{}.pcl", i - 2)});
    EXPECT_LE(medium.files().begin()->second.size(), capacity);
    EXPECT_EQ(now_[0].copy.is_spare(), i >= 3);
    EXPECT_EQ(now_[0].copy.spares, 2u);
  }
  EXPECT_EQ(copies_[4].volume_words(), "spare volume 2 of 2");
  EXPECT_EQ(copies_[4].number, 5u);
  // That set is complete.
  FakeMedium large;
  EXPECT_TRUE(write(large));
  EXPECT_EQ(names(large), Names{"PUN-PSE-000001.pcl"});
}

TEST_F(VolumeWriterTest, WritesASpareVolumeAgainAndOnAMediumWithAllOfThem) {
  FakeMedium all, again;
  EXPECT_TRUE(write(all, {.volume_size = size_with(2) + 3500, .spares = 1}));
  EXPECT_EQ(names(all), (Names{"PUN-PSE-000001.s1.pcl", "PUN-PSE-000001.v1.pcl",
                               "PUN-PSE-000001.v2.pcl", "PUN-PSE-000001.v3.pcl"}));
  EXPECT_TRUE(write(all, {.volume_size = size_with(2) + 3500, .spares = 1}));
  for (const WrittenVolume& written : now_) EXPECT_TRUE(written.proved.was_there);
  EXPECT_TRUE(write(again, {.only = 4}));
  EXPECT_EQ(names(again), Names{"PUN-PSE-000001.s1.pcl"});
  EXPECT_EQ(again.files().begin()->second, all.files().begin()->second);
  // Without a row for any of them, by the size alone.
  copies_.clear();
  EXPECT_TRUE(write(again, {.volume_size = size_with(2) + 3500, .only = 4, .spares = 1}));
  EXPECT_TRUE(now_[0].proved.was_there);
}

TEST_F(VolumeWriterTest, AMediumTooSmallForASpareVolumeIsRefusedWithBothSizes) {
  FakeMedium first, second, small;
  first.set_capacity(size_with(3) + 3500);
  EXPECT_FALSE(write(first, {.spares = 1}));
  EXPECT_FALSE(write(second));
  small.set_capacity(size_with(2));
  const Error error = error_of([&] { write(small); });
  EXPECT_EQ(error.code(), ErrorCode::no_space);
  EXPECT_NE(error.happened().find("has no room for spare volume 1 of 1 of parcel"),
            std::string::npos)
      << error.happened();
  EXPECT_NE(error.hint().find("as long as the longest volume"), std::string::npos);
  EXPECT_EQ(error_of([&] { write(second, {.spares = 3}); }).code(), ErrorCode::usage);
  EXPECT_TRUE(write(second));
}

}  // namespace
}  // namespace courier
