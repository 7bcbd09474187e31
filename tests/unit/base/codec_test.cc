#include "base/codec.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/error_of.h"

namespace courier {
namespace {

using test::error_of;

template <typename Read>
std::string fault_of(const Bytes& bytes, Read read) {
  Decoder in(bytes, "label");
  const Error error = error_of([&] { read(in); });
  EXPECT_EQ(error.code(), ErrorCode::damaged);
  return error.what();
}

TEST(Codec, WritesLittleEndianAndShortestVarints) {
  Encoder out;
  out.u8(1)
      .u16(0x0203)
      .u32(0x04050607)
      .u64(0x08090a0b0c0d0e0f)
      .varint(127)
      .varint(128)
      .boolean(true);
  EXPECT_EQ(to_hex(out.view()), "010302070605040f0e0d0c0b0a09087f800101");
}

TEST(Codec, ReadsBackWhatItWrote) {
  const Digest digest = digest_of(DigestKind::file, as_bytes("content"));
  Encoder out;
  out.u8(255).u16(65535).u32(UINT32_MAX).u64(UINT64_MAX);
  for (const std::uint64_t v : {std::uint64_t{0}, std::uint64_t{1} << 62, UINT64_MAX})
    out.varint(v);
  for (const std::int64_t v : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN, INT64_MAX})
    out.zigzag(v);
  out.boolean(false).bytes(as_bytes("abc")).text("Åre").digest(digest).raw(as_bytes("tail"));

  Decoder in(out.view(), "label");
  EXPECT_EQ(in.u8(), 255);
  EXPECT_EQ(in.u16(), 65535);
  EXPECT_EQ(in.u32(), UINT32_MAX);
  EXPECT_EQ(in.u64(), UINT64_MAX);
  for (const std::uint64_t v : {std::uint64_t{0}, std::uint64_t{1} << 62, UINT64_MAX}) {
    EXPECT_EQ(in.varint(), v);
  }
  for (const std::int64_t v : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN, INT64_MAX}) {
    EXPECT_EQ(in.zigzag(), v);
  }
  EXPECT_FALSE(in.boolean());
  EXPECT_EQ(as_text(in.bytes(3)), "abc");
  EXPECT_EQ(in.text(16), "Åre");
  EXPECT_EQ(in.digest(), digest);
  EXPECT_EQ(as_text(in.raw(4)), "tail");
  in.expect_end();
}

TEST(Codec, CarriesSizesAboutTwoAndFourGibibytes) {
  for (const std::uint64_t edge : {std::uint64_t{1} << 31, std::uint64_t{1} << 32}) {
    for (const std::uint64_t size : {edge - 1, edge, edge + 1}) {
      Encoder out;
      out.varint(size).u64(size).zigzag(-static_cast<std::int64_t>(size));
      Decoder in(out.view(), "label");
      EXPECT_EQ(in.varint(), size);
      EXPECT_EQ(in.u64(), size);
      EXPECT_EQ(in.zigzag(), -static_cast<std::int64_t>(size));
    }
  }
}

TEST(Decoder, RefusesBytesThatEndEarlyAtEveryLength) {
  Encoder out;
  out.u64(1).varint(300).text("hello").digest({});
  const Bytes whole = out.take();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    fault_of(part, [](Decoder& in) {
      in.u64();
      in.varint();
      in.text(100);
      in.digest();
    });
  }
}

TEST(Decoder, RefusesAVarintThatIsNotTheShortest) {
  EXPECT_EQ(fault_of({0x80, 0x00}, [](Decoder& in) { in.varint(); }),
            "label: has a number that is not in its shortest form at byte 2");
  EXPECT_EQ(fault_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02},
                     [](Decoder& in) { in.varint(); }),
            "label: has a number beyond 64 bits at byte 10");
  EXPECT_EQ(fault_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0x01},
                     [](Decoder& in) { in.varint(); }),
            "label: has a number beyond 64 bits at byte 10");
}

TEST(Decoder, HoldsEveryValueAgainstItsLimit) {
  EXPECT_EQ(fault_of({0x65}, [](Decoder& in) { in.varint(100); }),
            "label: has 101 where at most 100 is allowed at byte 1");
  EXPECT_EQ(fault_of({0x05, 1, 2, 3, 4, 5}, [](Decoder& in) { in.bytes(4); }),
            "label: has 5 where at most 4 is allowed at byte 1");
  EXPECT_EQ(fault_of({2}, [](Decoder& in) { in.boolean(); }),
            "label: has 2 where 0 or 1 is allowed at byte 1");
}

TEST(Decoder, BelievesNoCountThatCannotBeThere) {
  // 2^40 entries of 32 bytes in nothing.
  Encoder out;
  out.varint(std::uint64_t{1} << 40);
  fault_of(out.take(), [](Decoder& in) { in.count(SIZE_MAX, 32); });
  EXPECT_EQ(fault_of({3, 1, 2, 3, 4, 5}, [](Decoder& in) { in.count(100, 2); }),
            "label: names 3 entries, which cannot be in the 5 bytes left at byte 1");
}

TEST(Decoder, AcceptsACountThatJustFits) {
  const Bytes bytes = {2, 1, 2, 3, 4};
  Decoder in(bytes, "label");
  EXPECT_EQ(in.count(2, 2), 2u);
}

TEST(Decoder, RefusesTextThatIsNoText) {
  fault_of({2, 0xc0, 0x80}, [](Decoder& in) { in.text(10); });
  fault_of({3, 'a', 0, 'b'}, [](Decoder& in) { in.text(10); });
}

TEST(Decoder, RefusesBytesLeftOver) {
  EXPECT_EQ(fault_of({1, 2, 3},
                     [](Decoder& in) {
                       in.u8();
                       in.expect_end();
                     }),
            "label: has 2 bytes left over at byte 1");
}

TEST(Encoder, RefusesTextThatNoReaderWouldTake) {
  EXPECT_EQ(error_of([] { Encoder().text("\xff"); }).code(), ErrorCode::usage);
  EXPECT_EQ(error_of([] { Encoder().text(std::string_view("a\0b", 3)); }).code(), ErrorCode::usage);
}

}  // namespace
}  // namespace courier
