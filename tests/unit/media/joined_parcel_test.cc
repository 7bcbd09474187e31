#include "media/joined_parcel.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/error_of.h"
#include "tests/support/test_parcels.h"

namespace courier {
namespace {

using test::all_of;
using test::error_of;
using test::keyless_parcel;
using test::volume_of;

class JoinedParcel : public testing::Test {
 protected:
  NamedVolume volume(std::uint64_t first, std::uint64_t end, std::uint32_t number, std::uint32_t of,
                     std::uint8_t cut = 1, std::uint8_t spares = 0) const {
    const std::array<std::uint8_t, 16> id = {cut};
    return {"file v" + std::to_string(number),
            volume_of(all_of(cut_.volume(id, number, of, cut_.run_of(first, end), spares)))};
  }
  // Label to end: the header in front is of another cut.
  static Bytes behind_header(const Bytes& parcel) {
    return {parcel.begin() + kSpareTableOffset, parcel.end()};
  }

  const Bytes parcel_ = keyless_parcel({500, 400, 300, 200, 100, 50});
  const VolumeCut cut_{volume_of(parcel_), "file p.pcl"};
};

TEST_F(JoinedParcel, IsTheParcelWhateverCutsAndCopiesItsVolumesAreOf) {
  const std::vector<NamedVolume> volumes = {volume(4, 6, 3, 3), volume(1, 5, 2, 2, 7, 2),
                                            volume(0, 2, 1, 3), volume(0, 2, 1, 3)};
  const Bytes joined = all_of(joined_parcel(volumes));
  EXPECT_EQ(behind_header(joined), behind_header(parcel_));
  const VolumeCut again(volume_of(joined), "joined");
  EXPECT_TRUE(again.is_whole());
  EXPECT_EQ(again.header().label_digest, cut_.header().label_digest);
  // The same volumes in another order are the same file.
  EXPECT_EQ(all_of(joined_parcel({volumes[2], volumes[1], volumes[0]})), joined);
}

TEST_F(JoinedParcel, NamesWhatIsMissingByRecordAndVolume) {
  const auto happened = [](const std::vector<NamedVolume>& volumes) {
    const Error error = error_of([&] { joined_parcel(volumes); });
    EXPECT_EQ(error.code(), ErrorCode::incomplete);
    EXPECT_EQ(error.loss(), "nothing was written");
    return error.happened();
  };
  const auto one = volume(0, 2, 1, 3), two = volume(2, 4, 2, 3), three = volume(4, 6, 3, 3);
  EXPECT_EQ(happened({one, three}),
            "not all of its 6 records are in these volumes: records 2 to 3 (volume 2) missing");
  EXPECT_EQ(happened({two}),
            "not all of its 6 records are in these volumes: records 0 to 1 (volume 1), records 4 "
            "to 5 (volume 3 and what follows it) missing");
  NamedVolume bad = two;
  bad.bytes.size -= 10;
  EXPECT_NE(happened({one, bad, three}).find("(volume 2) missing; file v2: ends at byte"),
            std::string::npos);
}

TEST_F(JoinedParcel, IsOfOneParcelOnly) {
  Bytes other = keyless_parcel({1, 2});
  const VolumeCut cut(volume_of(other), "other");
  std::vector<NamedVolume> volumes = {volume(0, 6, 1, 1)};
  // The same label with another number of records in its end.
  volumes.push_back({"file other", volume_of(other)});
  const Error error = error_of([&] { joined_parcel(volumes); });
  EXPECT_EQ(error.code(), ErrorCode::usage);
  EXPECT_EQ(error.subject(), "file other");
}

}  // namespace
}  // namespace courier
