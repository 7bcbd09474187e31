#include "base/volume_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/frame.h"

namespace courier {

namespace {

using ::testing::HasSubstr;

VolumeHeader second_of_three() { return {{1, 2, 3}, 2, 3, 100, 250, Digest{{7}}}; }

std::string refusal(const Bytes& bytes) {
  try {
    parse_volume_header(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(VolumeHeader, ComesBackAsItWas) {
  const Bytes bytes = encode_volume_header(second_of_three());
  EXPECT_EQ(bytes.size(), kVolumeHeaderSize);
  EXPECT_EQ(parse_volume_header(bytes), second_of_three());
  EXPECT_EQ(parse_volume_header(encode_volume_header({})), VolumeHeader{});
}

TEST(VolumeHeader, HasOneEncoding) {
  const Bytes bytes = encode_volume_header(second_of_three());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes changed = bytes;
      changed[at] ^= static_cast<std::uint8_t>(1 << bit);
      try {
        EXPECT_EQ(encode_volume_header(parse_volume_header(changed)), changed);
      } catch (const Error&) {
      }
    }
  }
}

TEST(VolumeHeader, RefusesWhatCannotBe) {
  VolumeHeader header = second_of_three();
  header.number = 4;
  EXPECT_THAT(refusal(encode_volume_header(header)), HasSubstr("says it is volume 4 of 3"));
  header.of = 0;  // not known when it was written
  EXPECT_EQ(refusal(encode_volume_header(header)), "");
  header.number = 0;
  EXPECT_THAT(refusal(encode_volume_header(header)), HasSubstr("says it is volume 0 of 0"));
  header = second_of_three();
  header.end_record = 99;
  EXPECT_THAT(refusal(encode_volume_header(header)), HasSubstr("end before they begin"));
}

TEST(VolumeHeader, OfANewerVersionIsUnsupported) {
  Bytes bytes = encode_volume_header({});
  bytes[16] = 2;
  EXPECT_EQ(refusal(bytes), "volume header: is of version 2, this courier reads up to 1");
}

TEST(LooksLikeParcel, NeedsOneOfThreeMarks) {
  Bytes file;
  const Bytes payload = encode_volume_header({});
  for (const auto& part : {Bytes(payload)}) {
    const auto header = encode_frame_header(FrameKind::volume_header, 0, part);
    file.insert(file.end(), header.begin(), header.end());
    file.insert(file.end(), part.begin(), part.end());
  }
  const auto next = encode_frame_header(FrameKind::label, 0, Bytes{});
  file.insert(file.end(), next.begin(), next.end());
  file.resize(kParcelProbeSize);
  EXPECT_TRUE(looks_like_parcel(file));
  const std::size_t marks[] = {0, 32, 160};
  for (const std::size_t kept : marks) {
    Bytes damaged = file;
    for (const std::size_t mark : marks) damaged[mark] ^= mark == kept ? 0 : 1;
    EXPECT_TRUE(looks_like_parcel(damaged));
    damaged[kept] ^= 1;
    EXPECT_FALSE(looks_like_parcel(damaged));
  }
  EXPECT_TRUE(looks_like_parcel(ByteView(file).first(4)));
  EXPECT_FALSE(looks_like_parcel({}));
  EXPECT_FALSE(looks_like_parcel(Bytes(kParcelProbeSize, 0)));
  // An archive that holds a parcel, at its start as zip does, or after a block as tar does.
  for (const std::size_t head : {48u, 512u}) {
    Bytes archive(head, 'z');
    archive.insert(archive.end(), file.begin(), file.end());
    archive.resize(kParcelProbeSize);
    EXPECT_FALSE(looks_like_parcel(archive)) << head;
  }
}

}  // namespace

}  // namespace courier
