#include "media/frame_check.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "media/volume_cut.h"
#include "tests/support/error_of.h"
#include "tests/support/test_parcels.h"

namespace courier {
namespace {

using test::error_of;

// Reads it in order, in pieces of this size.
Bytes read_all(const VolumeBytes& volume, std::size_t step) {
  Bytes out, piece(step);
  while (const std::size_t n = volume.read_at(out.size(), piece)) {
    out.insert(out.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(n));
  }
  return out;
}

TEST(FrameCheck, GivesTheSameBytesWhenTheyAreAsTheyWereWritten) {
  const Bytes parcel = test::keyless_parcel({1000, 0, 5000});
  for (const std::size_t step : {1u, 31u, 32u, 33u, 100'000u}) {
    const VolumeBytes checked = with_checked_frames(test::volume_of(parcel), "file p.pcl");
    EXPECT_EQ(checked.size, parcel.size());
    EXPECT_EQ(read_all(checked, step), parcel);
    EXPECT_EQ(read_all(checked, step), parcel);  // again from the first byte
  }
}

TEST(FrameCheck, NamesTheRecordThatWentBad) {
  Bytes parcel = test::keyless_parcel({1000, 2000, 5000});
  const VolumeCut cut(test::volume_of(parcel), "file p.pcl");
  const std::uint64_t second = cut.run_of(1, 2).offset + kFrameHeaderSize;
  parcel[second + 1500] ^= 4;
  for (const std::size_t step : {7u, 100'000u}) {
    const Error error = error_of(
        [&] { read_all(with_checked_frames(test::volume_of(parcel), "file p.pcl"), step); });
    EXPECT_EQ(error.code(), ErrorCode::damaged);
    EXPECT_EQ(error.happened(), "is damaged in record 1, in the 2000 bytes from byte " +
                                    std::to_string(second) + " of the volume");
  }
}

TEST(FrameCheck, NamesTheByteWhereNoFrameBegins) {
  Bytes parcel = test::keyless_parcel({1000});
  parcel[160] ^= 1;
  EXPECT_EQ(error_of([&] {
              read_all(with_checked_frames(test::volume_of(parcel), "file p.pcl"), 64);
            }).happened(),
            "is damaged at byte 160: no frame begins where one should");
}

TEST(FrameCheck, LetsRandomReadsPass) {
  Bytes parcel = test::keyless_parcel({1000});
  parcel[parcel.size() - 1] ^= 1;
  const VolumeBytes checked = with_checked_frames(test::volume_of(parcel), "file p.pcl");
  Bytes piece(100);
  EXPECT_EQ(checked.read_at(parcel.size() - 100, piece), 100u);
  EXPECT_EQ(checked.read_at(5, piece), 100u);
}

}  // namespace
}  // namespace courier
