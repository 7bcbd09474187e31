#include "store/block_against.h"

#include <gtest/gtest.h>

#include "base/codec.h"
#include "tests/support/error_of.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::error_of;

BlockBuilder::Raw gathered(ByteView content) {
  BlockBuilder builder;
  for (std::size_t at = 0; at < content.size(); at += kMaxObjectSize) {
    const auto part =
        content.subspan(at, std::min<std::size_t>(kMaxObjectSize, content.size() - at));
    builder.add(DigestKind::chunk, digest_of(DigestKind::chunk, part), part);
  }
  return builder.take();
}

// Ranges that stand for all of base.
std::vector<BaseRange> ranges_of(ByteView base) {
  const auto size = static_cast<std::uint32_t>(base.size());
  const std::uint32_t last = std::min(size / 2, kMaxObjectSize);
  return {{BaseForm::content, digest_of(DigestKind::node, base), 1ull << 40, size - last},
          {BaseForm::object, digest_of(DigestKind::chunk, base), 0, last}};
}

// Old content, and new content that is nearly the same.
struct Versions {
  Bytes before, after;
};

Versions versions(std::uint64_t seed, std::size_t size) {
  std::mt19937_64 random(seed);
  Versions v;
  v.before = test::random_bytes(random, size);
  v.after = v.before;
  for (std::size_t i = 0; i < size; i += 5'000) v.after[i] ^= 1;
  const Bytes inserted = test::random_bytes(random, 700);
  v.after.insert(v.after.begin() + static_cast<std::ptrdiff_t>(size / 3), inserted.begin(),
                 inserted.end());
  return v;
}

Block against(const Versions& v, Level level = Level::standard) {
  return compress_block_against(gathered(v.after), ranges_of(v.before), v.before, level);
}

// The block with another list of ranges before the same coded bytes.
Block with_ranges(const Block& block, ByteView encoded_ranges) {
  Encoder old;
  old.varint(base_ranges(block).size());
  for (const auto& range : base_ranges(block)) {
    old.u8(static_cast<std::uint8_t>(range.form)).digest(range.object);
    old.varint(range.offset).varint(range.length);
  }
  Block changed = block;
  changed.payload = to_bytes(encoded_ranges);
  changed.payload.insert(changed.payload.end(),
                         block.payload.begin() + static_cast<std::ptrdiff_t>(old.size()),
                         block.payload.end());
  return changed;
}

TEST(BlockAgainst, OpensWithItsBaseAtEveryLevel) {
  const Versions v = versions(1, 300'000);
  for (const Level level : {Level::fast, Level::standard, Level::small}) {
    const Block block = against(v, level);
    ASSERT_TRUE(block.has_base());
    EXPECT_LT(block.payload.size(), v.after.size() / 20);
    const Block read = decode_block(encode(block));
    EXPECT_EQ(read, block);
    EXPECT_EQ(base_ranges(read), ranges_of(v.before));
    const Bytes raw = decompress_against(read, v.before);
    EXPECT_EQ(raw, v.after);
    verify_objects(read, raw);
  }
}

TEST(BlockAgainst, TakesTheLargestBaseAndTheLargestContent) {
  Versions v = versions(2, kMaxBase);
  v.after.resize(kMaxBlockRaw);
  const Block block = against(v, Level::fast);
  ASSERT_TRUE(block.has_base());
  EXPECT_EQ(decompress_against(decode_block(encode(block)), v.before), v.after);
}

TEST(BlockAgainst, IsAPlainBlockWhereTheBaseSavesNothing) {
  std::mt19937_64 random(3);
  Versions v{test::random_bytes(random, 50'000), test::prose(random, 50'000)};
  EXPECT_EQ(against(v).codec, 1);
  v.after = test::random_bytes(random, 50'000);
  EXPECT_EQ(against(v).codec, 0);
  v.before.clear();
  EXPECT_EQ(compress_block_against(gathered(v.after), {}, {}, Level::standard).codec, 0);
}

TEST(BlockAgainst, CountsTheListOfRangesIn) {
  std::mt19937_64 random(4);
  const Bytes content = test::random_bytes(random, 20'000);
  std::vector<BaseRange> ranges;
  for (std::uint32_t i = 0; i < 1'000; ++i) ranges.push_back({BaseForm::object, Digest{}, i, 20});
  EXPECT_FALSE(
      compress_block_against(gathered(content), ranges, content, Level::standard).has_base());
}

TEST(BlockAgainst, IsRefusedWithoutItsBase) {
  const Block block = against(versions(5, 100'000));
  const Error error = error_of([&] { verify_and_decompress(block); });
  EXPECT_EQ(error.code(), ErrorCode::damaged);
  EXPECT_STREQ(error.what(), "block: coded against a base, as only a parcel's record may be");
}

TEST(BlockAgainst, RefusesABaseOfAnotherLengthAndNoticesOtherContent) {
  const Versions v = versions(6, 100'000);
  const Block block = against(v);
  EXPECT_EQ(error_of([&] { decompress_against(block, ByteView(v.before).first(99'999)); }).code(),
            ErrorCode::damaged);
  EXPECT_EQ(error_of([&] { decompress_against(block, {}); }).code(), ErrorCode::damaged);
  Bytes other = v.before;
  for (auto& byte : other) byte ^= 0x55;
  EXPECT_EQ(error_of([&] { verify_objects(block, decompress_against(block, other)); }).code(),
            ErrorCode::damaged);
}

TEST(BlockAgainst, RefusesRangesThatCannotBe) {
  const Block block = against(versions(7, 50'000));
  const auto one = [](std::uint64_t count, std::uint8_t form, std::uint64_t offset,
                      std::uint64_t length) {
    Encoder out;
    out.varint(count).u8(form).digest(Digest{}).varint(offset).varint(length);
    return out.take();
  };
  EXPECT_EQ(base_ranges(with_ranges(block, one(1, 1, 0, 1))).size(), 1u);
  EXPECT_EQ(base_ranges(with_ranges(block, one(1, 1, kMaxObjectSize - 5, 5))).size(), 1u);
  EXPECT_EQ(base_ranges(with_ranges(block, one(1, 2, (1ull << 63) - 6, 5))).size(), 1u);
  const std::vector<Bytes> all_bad = {
      Bytes{0},
      one(kMaxBaseRanges + 1, 1, 0, 1),
      one(UINT64_MAX, 1, 0, 1),
      one(1, 0, 0, 1),
      one(1, 3, 0, 1),
      one(1, 1, 0, 0),
      one(1, 2, 0, 0),
      one(1, 1, kMaxObjectSize - 4, 5),
      one(1, 1, 0, kMaxObjectSize + 1),
      one(1, 2, 0, kMaxBase + 1ull),
      one(1, 2, (1ull << 63) - 5, 5),
      one(1, 2, UINT64_MAX, 5),
      one(1, 2, 0, UINT64_MAX),
  };
  for (const auto& bad : all_bad) {
    EXPECT_EQ(error_of([&] { base_ranges(with_ranges(block, bad)); }).code(), ErrorCode::damaged);
  }
  Encoder beyond;
  beyond.varint(2);
  for (int i = 0; i < 2; ++i) beyond.u8(2).digest(Digest{}).varint(0).varint(kMaxBase / 2 + 1);
  EXPECT_EQ(error_of([&] { base_ranges(with_ranges(block, beyond.view())); }).code(),
            ErrorCode::damaged);
}

TEST(BlockAgainst, RefusesEveryTruncationOfItsPayload) {
  const Versions v = versions(8, 3'000);
  Block block = against(v);
  ASSERT_TRUE(block.has_base());
  const Bytes payload = block.payload;
  for (std::size_t size = 0; size < payload.size(); ++size) {
    block.payload = to_bytes(ByteView(payload).first(size));
    EXPECT_EQ(error_of([&] { decompress_against(block, v.before); }).code(), ErrorCode::damaged);
  }
}

TEST(BlockAgainst, NoFlippedBitGoesUnnoticed) {
  const Versions v = versions(9, 1'500);
  const Block block = against(v);
  ASSERT_TRUE(block.has_base());
  for (std::size_t i = 0; i < block.payload.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Block flipped = block;
      flipped.payload[i] = static_cast<std::uint8_t>(flipped.payload[i] ^ (1 << bit));
      try {
        // A bit that changes which object a range is of, or that carries nothing, may go unseen
        // here: then the content is right.
        const Bytes raw = decompress_against(flipped, v.before);
        verify_objects(flipped, raw);
        EXPECT_EQ(raw, v.after) << i;
      } catch (const Error& error) {
        EXPECT_TRUE(error.code() == ErrorCode::damaged || error.code() == ErrorCode::unsupported);
      }
    }
  }
}

}  // namespace
}  // namespace courier
