#include "base/frame.h"

#include <gtest/gtest.h>

#include "base/codec.h"
#include "base/error.h"
#include "tests/support/error_of.h"

namespace courier {
namespace {

using test::error_of;

TEST(Frame, ReadsBackItsHeader) {
  const Bytes payload = {1, 2, 3};
  const auto header = encode_frame_header(FrameKind::record, 0x1122334455667788, payload);
  const ParsedFrame parsed = parse_frame_header(header);
  EXPECT_EQ(parsed.fault, FrameFault::none);
  EXPECT_EQ(parsed.header.kind, 5);
  EXPECT_EQ(parsed.header.number, 0x1122334455667788u);
  EXPECT_EQ(parsed.header.payload_size, 3u);
  EXPECT_EQ(parsed.header.checksum, frame_checksum(payload));
}

// XXH3-64 of nothing is 0x2d06800538d394c2 (xxHash's own test vector); the CRC-32C was computed
// with a bitwise implementation in Python.
TEST(Frame, HasTheBytesOfTheFormat) {
  EXPECT_EQ(to_hex(encode_frame_header(FrameKind::end, 7, {})),
            "f550434c06000000"
            "0700000000000000"
            "00000000"
            "c294d3380580062d"
            "83c4f58e");
}

TEST(Frame, NoticesEveryFlippedBit) {
  const auto header = encode_frame_header(FrameKind::label, 0, as_bytes("payload"));
  for (std::size_t bit = 0; bit < header.size() * 8; ++bit) {
    auto flipped = header;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_EQ(parse_frame_header(flipped).fault,
              bit < 32 ? FrameFault::no_magic : FrameFault::bad_header)
        << bit;
  }
}

TEST(Frame, TellsAnOversizedPayloadFromADamagedHeader) {
  EXPECT_EQ(error_of([] {
              encode_frame_header(FrameKind::record, 0, Bytes(kMaxFramePayload + 1));
            }).code(),
            ErrorCode::internal);
  const auto largest = encode_frame_header(FrameKind::record, 0, Bytes(kMaxFramePayload));
  EXPECT_EQ(parse_frame_header(largest).fault, FrameFault::none);
  const Bytes oversized =
      from_hex("f550434c050000000000000000000000010000020000000000000000e21c0501");
  EXPECT_EQ(parse_frame_header(oversized).fault, FrameFault::oversized);
}

}  // namespace
}  // namespace courier
