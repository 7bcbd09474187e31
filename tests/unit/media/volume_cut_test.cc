#include "media/volume_cut.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/frame.h"
#include "tests/support/error_of.h"
#include "tests/support/test_parcels.h"

namespace courier {
namespace {

using test::all_of;
using test::error_of;
using test::keyless_parcel;
using test::volume_of;

constexpr std::array<std::uint8_t, 16> kCut = {7, 7};

std::string damage_of(const Bytes& parcel) {
  const Error error = error_of([&] { VolumeCut(volume_of(parcel), "file p.pcl"); });
  EXPECT_EQ(error.code(), ErrorCode::damaged);
  EXPECT_EQ(error.loss(), "nothing was written");
  return error.happened();
}

TEST(VolumeCut, MakesVolumesOfWholeRecordsThatNoneExceedsTheSize) {
  const std::vector<std::size_t> sizes = {1000, 2000, 500, 500, 3000, 10, 10, 2500};
  const Bytes parcel = keyless_parcel(sizes);
  const VolumeCut cut(volume_of(parcel), "file p.pcl");
  EXPECT_TRUE(cut.is_whole());
  EXPECT_EQ(cut.record_count(), sizes.size());
  const std::uint64_t limit = cut.least_size() + 600;
  const std::vector<RecordRun> runs = cut.plan(0, limit);
  ASSERT_EQ(runs.size(), 3u);
  std::uint64_t next = 0;
  Bytes together;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    EXPECT_EQ(runs[i].first, next);
    next = runs[i].end;
    const auto number = static_cast<std::uint32_t>(i + 1);
    const VolumeBytes volume = cut.volume(kCut, number, 3, runs[i]);
    EXPECT_LE(volume.size, limit);
    EXPECT_EQ(volume.size, cut.size_of(runs[i]));
    const Bytes bytes = all_of(volume);
    ASSERT_EQ(bytes.size(), volume.size);
    // Each is a parcel's volume of its own: it can be cut again.
    const VolumeCut again(volume_of(bytes), "file v.pcl");
    EXPECT_EQ(again.header().number, number);
    EXPECT_EQ(again.header().of, 3u);
    EXPECT_EQ(again.header().cut, kCut);
    EXPECT_EQ(again.header().label_digest, cut.header().label_digest);
    EXPECT_EQ(again.first_record(), runs[i].first);
    EXPECT_EQ(again.end_record(), runs[i].end);
    EXPECT_EQ(again.record_count(), sizes.size());
    EXPECT_FALSE(again.is_whole());
    const auto begin = parcel.begin() + static_cast<std::ptrdiff_t>(runs[i].offset);
    together.insert(together.end(), begin, begin + static_cast<std::ptrdiff_t>(runs[i].bytes));
  }
  EXPECT_EQ(next, sizes.size());
  // Head, all records and the end are the parcel's own bytes.
  const std::size_t records_at = static_cast<std::size_t>(runs[0].offset);
  EXPECT_EQ(together, Bytes(parcel.begin() + static_cast<std::ptrdiff_t>(records_at),
                            parcel.begin() + static_cast<std::ptrdiff_t>(records_at) +
                                static_cast<std::ptrdiff_t>(together.size())));
  EXPECT_EQ(all_of(cut.whole()), parcel);
}

TEST(VolumeCut, GivesTheSameBytesInPiecesOfAnySize) {
  const Bytes parcel = keyless_parcel({100, 200, 300});
  const VolumeCut cut(volume_of(parcel), "file p.pcl");
  const VolumeBytes volume = cut.volume(kCut, 1, 2, cut.run_of(1, 3));
  const Bytes bytes = all_of(volume);
  for (const std::size_t step : {1u, 7u, 161u, 1000u}) {
    Bytes again, piece(step);
    while (const std::size_t n = volume.read_at(again.size(), piece)) {
      again.insert(again.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(n));
    }
    EXPECT_EQ(again, bytes) << step;
  }
}

TEST(VolumeCut, GoesOnFromAnyRecordWithAnotherSize) {
  const VolumeCut cut(volume_of(keyless_parcel({100, 100, 100, 100, 100})), "file p.pcl");
  const auto first = cut.plan(0, cut.least_size() + 132);
  ASSERT_EQ(first.size(), 3u);
  const auto rest = cut.plan(first[0].end, cut.least_size() + 1000);
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].first, 2u);
  EXPECT_EQ(rest[0].end, 5u);
  EXPECT_EQ(rest[0], cut.run_of(2, 5));
  EXPECT_EQ(cut.plan(5, cut.least_size()), (std::vector<RecordRun>{cut.run_of(5, 5)}));
}

TEST(VolumeCut, MakesOneVolumeOfAParcelWithoutRecords) {
  const Bytes parcel = keyless_parcel({});
  const VolumeCut cut(volume_of(parcel), "file p.pcl");
  EXPECT_TRUE(cut.is_whole());
  ASSERT_EQ(cut.plan(0, cut.least_size()).size(), 1u);
  EXPECT_EQ(cut.volume(kCut, 1, 1, cut.plan(0, cut.least_size())[0]).size, parcel.size());
}

TEST(VolumeCut, PassesOverWhatReadersSkipAndLeavesOutWhatLiesBehindTheEnd) {
  Bytes parcel = keyless_parcel({100, 200});
  const Bytes plain = parcel;
  test::append_frame(parcel, FrameKind::recovery, 0, Bytes(5000, 1));
  parcel.insert(parcel.end(), 1000, 0);  // padding of a medium
  EXPECT_EQ(all_of(VolumeCut(volume_of(parcel), "file p.pcl").whole()), plain);
  Bytes spare;
  test::append_frame(spare, FrameKind::spare, 0, Bytes(30, 1));
  Bytes between = keyless_parcel({100, 200});
  const VolumeCut cut(volume_of(between), "file p.pcl");
  between.insert(between.begin() + static_cast<std::ptrdiff_t>(cut.run_of(1, 2).offset),
                 spare.begin(), spare.end());
  const VolumeCut with(volume_of(between), "file p.pcl");
  EXPECT_EQ(with.record_count(), 2u);
  EXPECT_EQ(all_of(with.whole()), between);
}

TEST(VolumeCut, NamesTheByteWhereAFileIsDamagedOrEnds) {
  const Bytes parcel = keyless_parcel({100, 200, 300});
  const VolumeCut cut(volume_of(parcel), "file p.pcl");
  const auto second = static_cast<std::size_t>(cut.run_of(1, 2).offset);
  Bytes bad = parcel;
  bad[second + 9] ^= 1;
  EXPECT_EQ(damage_of(bad),
            "is damaged at byte " + std::to_string(second) + ": no frame begins where one should");
  EXPECT_EQ(damage_of(Bytes(parcel.begin(), parcel.begin() + static_cast<long>(second) + 40)),
            "ends at byte " + std::to_string(second + 40) +
                ", within a frame that begins at byte " + std::to_string(second));
  EXPECT_EQ(damage_of(Bytes(parcel.begin(), parcel.begin() + static_cast<long>(second) + 5)),
            "ends in the middle of a frame, at byte " + std::to_string(second + 5));
  EXPECT_EQ(damage_of(Bytes(parcel.begin(), parcel.begin() + static_cast<long>(second))),
            "has no end: it stops at byte " + std::to_string(second));
  bad = parcel;
  bad[200] ^= 1;  // in the label
  EXPECT_EQ(damage_of(bad), "is damaged in its label, at byte 160");
  bad = parcel;
  bad[bad.size() - 70] ^= 1;
  EXPECT_NE(damage_of(bad).find("is damaged in its end, at byte "), std::string::npos);
  EXPECT_EQ(damage_of({}), "has no volume header where it belongs, at byte 0");
  EXPECT_EQ(damage_of(Bytes(500, 1)), "is damaged at byte 0: no frame begins where one should");
}

TEST(VolumeCut, NamesRecordsThatAreNotHere) {
  EXPECT_EQ(damage_of(keyless_parcel({100, 200}, kToTheEnd, 0, 3)),
            "has records 0 to 2 (exclusive), it should have 0 to 3");
  EXPECT_EQ(damage_of(keyless_parcel({100, 200}, 3, 0, 5)),
            "has records 0 to 2 (exclusive), it should have 0 to 3");
  const Bytes parcel = keyless_parcel({100, 200, 300});
  const VolumeCut cut(volume_of(parcel), "file p.pcl");
  Bytes hole = parcel;
  const auto begin = hole.begin() + static_cast<std::ptrdiff_t>(cut.run_of(1, 2).offset);
  hole.erase(begin, begin + static_cast<std::ptrdiff_t>(cut.run_of(1, 2).bytes));
  EXPECT_EQ(damage_of(hole), "has record 2 at byte " + std::to_string(cut.run_of(1, 2).offset) +
                                 ", where record 1 belongs");
}

TEST(VolumeCut, RefusesAHeadWhosePartsDoNotBelongTogether) {
  Bytes parcel = keyless_parcel({100});
  VolumeHeader header;
  header.label_digest = Digest{{1}};
  Bytes frame;
  test::append_frame(frame, FrameKind::volume_header, 0, encode_volume_header(header));
  std::copy(frame.begin(), frame.end(), parcel.begin());
  EXPECT_EQ(damage_of(parcel), "has a volume header that belongs to another label");
}

TEST(VolumeCut, StopsWhereTheFileGotShorterMeanwhile) {
  Bytes parcel = keyless_parcel({100, 200});
  const VolumeCut cut(volume_of(parcel), "file p.pcl");
  bool shorter = false;
  const VolumeBytes live = {parcel.size(), [&](std::uint64_t offset, MutableByteView out) {
                              const std::uint64_t size = shorter ? 700 : parcel.size();
                              const auto at = std::min(offset, size);
                              const auto n = std::min<std::uint64_t>(out.size(), size - at);
                              std::copy_n(parcel.begin() + static_cast<std::ptrdiff_t>(at), n,
                                          out.begin());
                              return static_cast<std::size_t>(n);
                            }};
  const VolumeCut from_live(live, "file p.pcl");
  const VolumeBytes volume = from_live.volume(kCut, 1, 1, from_live.run_of(0, 2));
  shorter = true;
  Bytes out(volume.size);
  EXPECT_EQ(volume.read_at(0, out), 700u);
}

TEST(CutId, IsTheSameForTheSameCutOnly) {
  EXPECT_EQ(cut_id(Digest{{1}}, 5), cut_id(Digest{{1}}, 5));
  EXPECT_NE(cut_id(Digest{{1}}, 5), cut_id(Digest{{1}}, 6));
  EXPECT_NE(cut_id(Digest{{1}}, 5), cut_id(Digest{{2}}, 5));
}

}  // namespace
}  // namespace courier
