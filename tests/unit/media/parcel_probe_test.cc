#include "media/parcel_probe.h"

#include <gtest/gtest.h>

#include "tests/support/test_parcels.h"

namespace courier {
namespace {

using test::parcel_like;

Bytes beginning_of(Bytes file) {
  if (file.size() > kProbeSize) file.resize(kProbeSize);
  return file;
}

TEST(ParcelProbe, KnowsAParcelByItsFirstBytes) {
  EXPECT_TRUE(begins_like_parcel(beginning_of(parcel_like(1000))));
}

TEST(ParcelProbe, KnowsADamagedParcelWhicheverBitOfItsFirstFrameIsFlipped) {
  for (std::size_t bit = 0; bit < 72 * 8; ++bit) {
    Bytes file = beginning_of(parcel_like(1000));
    file[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_TRUE(begins_like_parcel(file)) << bit;
  }
}

TEST(ParcelProbe, KnowsATruncatedParcel) {
  const Bytes file = parcel_like(1000);
  for (std::size_t size = 0; size < kProbeSize; ++size) {
    EXPECT_EQ(begins_like_parcel(ByteView(file).first(size)), size >= 32) << size;
  }
}

TEST(ParcelProbe, TakesNothingElseForAParcel) {
  EXPECT_FALSE(begins_like_parcel({}));
  EXPECT_FALSE(begins_like_parcel(Bytes(kProbeSize, 0)));
  EXPECT_FALSE(begins_like_parcel(to_bytes(as_bytes(std::string(100, 'P')))));
  // An archive that holds a parcel, at its start as zip does, or after a block as tar does.
  for (const std::size_t head : {48u, 512u}) {
    Bytes archive(head, 'z');
    const Bytes parcel = parcel_like(1000);
    archive.insert(archive.end(), parcel.begin(), parcel.end());
    EXPECT_FALSE(begins_like_parcel(beginning_of(archive))) << head;
  }
}

}  // namespace
}  // namespace courier
