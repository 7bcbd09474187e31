#include "importer/volume_set.h"

#include <gtest/gtest.h>

namespace courier {
namespace {

RecordRanges records(std::initializer_list<RecordRange> ranges) {
  RecordRanges out;
  for (const RecordRange& range : ranges) out.add(range);
  return out;
}

SeenVolume volume(std::uint32_t number, std::uint32_t of, std::uint64_t first, std::uint64_t end,
                  const std::string& cut = "aa", bool read_whole = true) {
  return {cut, number, of, first, end, read_whole, {}};
}

TEST(VolumeSet, NamesWhatIsMissingByNumber) {
  const auto said = [](const RecordRanges& received, const std::vector<SeenVolume>& seen) {
    return missing_volumes(received, 30, seen).happened();
  };
  EXPECT_EQ(said(records({{0, 10}, {20, 30}}), {volume(1, 3, 0, 10), volume(3, 3, 20, 30)}),
            "volume 2 of 3 is missing");
  EXPECT_EQ(said(records({{10, 20}}), {volume(2, 3, 10, 20)}), "volumes 1 and 3 of 3 are missing");
  EXPECT_EQ(said(records({{0, 10}}), {volume(1, 3, 0, 10)}), "volumes 2-3 of 3 are missing");
  EXPECT_EQ(said(records({{20, 30}}), {volume(3, 3, 20, 30)}), "volumes 1-2 of 3 are missing");
  EXPECT_EQ(said(records({{0, 10}}), {volume(1, 0, 0, 10)}), "volume 2 is missing");
  EXPECT_EQ(said({}, {}), "");
  EXPECT_EQ(said(records({{0, 30}}), {volume(1, 3, 0, 10)}), "");
}

TEST(VolumeSet, TellsADamagedRecordFromOneOnAnotherVolume) {
  // Record 5 was on volume 1, which was read to its end: it will not come of it.
  const auto missing = missing_volumes(records({{0, 5}, {6, 10}}), 20, {volume(1, 2, 0, 10)});
  EXPECT_EQ(missing.elsewhere, records({{10, 20}}));
  EXPECT_EQ(missing.happened(), "volume 2 of 2 is missing");
  EXPECT_TRUE(
      missing_volumes(records({{0, 5}, {6, 20}}), 20, {volume(1, 2, 0, 10), volume(2, 2, 10, 20)})
          .elsewhere.empty());
  // A whole parcel that says "all that follows" has no other volumes.
  EXPECT_TRUE(
      missing_volumes(records({{0, 5}}), 20, {volume(1, 1, 0, 1ull << 48)}).elsewhere.empty());
  EXPECT_TRUE(missing_volumes(records({{0, 5}}), std::nullopt, {volume(1, 1, 0, 1ull << 48)})
                  .elsewhere.empty());
}

TEST(VolumeSet, AsksAgainForAVolumeThatCouldNotBeReadToItsEnd) {
  EXPECT_EQ(missing_volumes(records({{0, 4}, {10, 20}}), 20,
                            {volume(1, 2, 0, 10, "aa", false), volume(2, 2, 10, 20)})
                .happened(),
            "volume 1 of 2 is missing");
}

TEST(VolumeSet, CountsWhatCameOfAnotherCutAndNamesByTheCutThatNeedsTheFewest) {
  // Of cut aa volumes 2 and 3 did not come, but bb brought what 2 has.
  const RecordRanges received = records({{0, 22}});
  EXPECT_EQ(missing_volumes(received, 30,
                            {volume(1, 9, 0, 10, "aa"), volume(2, 5, 8, 22, "bb"),
                             volume(3, 5, 22, 24, "bb", false)})
                .happened(),
            "volumes 3-5 of 5 are missing");
  EXPECT_EQ(missing_volumes(received, 30, {volume(1, 3, 0, 10, "aa"), volume(2, 5, 8, 22, "bb")})
                .happened(),
            "volumes 2-3 of 3 are missing");
  EXPECT_EQ(missing_volumes(records({{0, 30}}), 30, {volume(1, 3, 0, 10, "aa")}).happened(), "");
}

TEST(VolumeSet, KnowsTheEndFromTheLastVolumeWhenNothingElseSaysIt) {
  EXPECT_EQ(missing_volumes(records({{10, 20}}), std::nullopt, {volume(2, 2, 10, 20)}).happened(),
            "volume 1 of 2 is missing");
  EXPECT_TRUE(
      missing_volumes(records({{0, 20}}), std::nullopt, {volume(1, 2, 0, 10), volume(2, 2, 10, 20)})
          .elsewhere.empty());
}

TEST(VolumeSet, MakesNothingLargeOfHostileNumbers) {
  const auto missing = missing_volumes({}, 30, {volume(UINT32_MAX, 0, 5, 5), volume(7, 4, 2, 1)});
  EXPECT_LT(missing.happened().size(), 100u);
  VolumeHeader header;
  header.first_record = UINT64_MAX;
  EXPECT_EQ(seen_volume(header, true).first_record, 1ull << 48);
  EXPECT_EQ(seen_volume(header, true).end_record, 1ull << 48);
}

TEST(VolumeSet, SaysWhichVolumesCameAndWhatToInsert) {
  const std::vector<SeenVolume> seen = {volume(1, 4, 0, 10), volume(2, 4, 10, 20, "aa", false),
                                        volume(3, 4, 20, 30)};
  EXPECT_EQ(stored_volumes(seen), "volumes 1 and 3");
  EXPECT_EQ(stored_volumes({volume(1, 1, 0, 30)}), "");
  EXPECT_EQ(missing_volumes(records({{0, 10}, {20, 40}}), 40, seen)
                .hint(ParcelId::parse("PUN-PSE-000012")),
            "insert volume 2 (PUN-PSE-000012.v2.pcl, on a disc or tape PUN_PSE_000012_V2) and run "
            "the same command");
}

TEST(VolumeSet, NamesTheVolumesThatCameDamagedAndTheirRecords) {
  const std::vector<SeenVolume> seen = {volume(1, 4, 0, 10), volume(2, 4, 10, 20, "aa", false),
                                        volume(3, 4, 20, 30)};
  const auto damaged = damaged_volumes(records({{4, 5}, {12, 20}, {25, 27}, {30, 40}}), seen);
  EXPECT_EQ(damaged.str(), "volumes 1 and 3");
  EXPECT_EQ(damaged.records, records({{4, 5}, {25, 27}}));
  EXPECT_EQ(first_numbers(damaged.numbers), (std::vector<std::uint64_t>{1, 3}));
  EXPECT_EQ(damaged_volumes(records({{30, 40}}), seen).str(), "");
  EXPECT_EQ(damaged_volumes(records({{4, 5}}), {volume(1, 1, 0, 30)}).str(), "");
  // Two cuts state the record: the latest one names the volume.
  EXPECT_EQ(
      damaged_volumes(records({{4, 5}}), {volume(2, 9, 3, 6, "bb"), volume(1, 4, 0, 10)}).str(),
      "volume 2");
}

TEST(VolumeSet, TakesRangesFromEachOther) {
  EXPECT_EQ(without(records({{0, 10}}), records({{2, 3}, {5, 7}})),
            records({{0, 2}, {3, 5}, {7, 10}}));
  EXPECT_EQ(without(records({{4, 6}, {8, 9}}), records({{0, 5}, {8, 20}})), records({{5, 6}}));
  EXPECT_EQ(without(records({{4, 6}}), {}), records({{4, 6}}));
  EXPECT_TRUE(without(records({{4, 6}}), records({{0, UINT64_MAX}})).empty());
}

}  // namespace
}  // namespace courier
