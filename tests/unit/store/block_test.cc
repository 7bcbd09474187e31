#include "store/block.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include "base/codec.h"
#include "tests/support/error_of.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::error_of;

BlockObject object_of(DigestKind kind, ByteView bytes) {
  return {kind, digest_of(kind, bytes), static_cast<std::uint32_t>(bytes.size())};
}

Block block_of(ByteView content, Level level = Level::standard) {
  BlockBuilder builder;
  const std::size_t half = content.size() / 2;
  for (const ByteView part : {content.first(half), content.subspan(half)}) {
    builder.add(DigestKind::chunk, digest_of(DigestKind::chunk, part), part);
  }
  return compress_block(builder.take(), level);
}

TEST(Block, OpensToWhatWasGatheredAtEveryLevel) {
  std::mt19937_64 random(1);
  const Bytes content = test::prose(random, 200'000);
  std::size_t last = content.size();
  for (const Level level : {Level::fast, Level::standard, Level::small}) {
    const Block block = block_of(content, level);
    EXPECT_EQ(block.codec, 1);
    EXPECT_LT(block.payload.size(), last);
    last = block.payload.size();
    EXPECT_EQ(verify_and_decompress(decode_block(encode(block))), content);
  }
}

TEST(Block, KeepsWhatDoesNotCompressAsItIs) {
  std::mt19937_64 random(2);
  for (const std::size_t size : {2u, 100u, 500'000u}) {
    const Bytes content = test::random_bytes(random, size);
    const Block block = block_of(content);
    EXPECT_EQ(block.codec, 0);
    EXPECT_EQ(block.payload, content);
    EXPECT_EQ(verify_and_decompress(decode_block(encode(block))), content);
  }
}

TEST(Block, HasOneEncoding) {
  std::mt19937_64 random(3);
  const Block block = block_of(test::prose(random, 5'000));
  const Bytes encoded = encode(block);
  EXPECT_EQ(decode_block(encoded), block);
  EXPECT_EQ(encode(decode_block(encoded)), encoded);
}

TEST(Block, RefusesEveryTruncation) {
  std::mt19937_64 random(4);
  const Bytes encoded = encode(block_of(test::prose(random, 600)));
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    const auto cut = ByteView(encoded).first(size);
    EXPECT_EQ(error_of([&] { decode_block(cut); }).code(), ErrorCode::damaged) << size;
  }
}

TEST(Block, NoFlippedBitGoesUnnoticed) {
  std::mt19937_64 random(5);
  const Bytes content = test::prose(random, 400);
  const Bytes encoded = encode(block_of(content));
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = encoded;
      flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ (1 << bit));
      try {
        // A bit of the zstd frame that carries nothing may go unseen: then the content is right.
        EXPECT_EQ(verify_and_decompress(decode_block(flipped)), content) << i;
      } catch (const Error& error) {
        EXPECT_TRUE(error.code() == ErrorCode::damaged || error.code() == ErrorCode::unsupported);
      }
    }
  }
}

TEST(Block, RefusesSizesBeyondTheLimits) {
  const Digest digest = digest_of(DigestKind::chunk, {});
  const auto encoded_with = [&](std::uint64_t raw, std::uint64_t count, std::uint64_t size,
                                std::uint64_t payload) {
    Encoder out;
    out.u8(0).varint(raw).varint(count).u8(1).digest(digest).varint(size).varint(payload);
    return out.take();
  };
  for (const auto& bad :
       {encoded_with(kMaxBlockRaw + 1ull, 1, 10, 10), encoded_with(UINT64_MAX, 1, 10, 10),
        encoded_with(10, UINT64_MAX, 10, 10), encoded_with(10, 0, 10, 10),
        encoded_with(10, 1, 0, 10), encoded_with(10, 1, kMaxObjectSize + 1ull, 10),
        encoded_with(10, 1, UINT64_MAX, 10), encoded_with(10, 1, 10, UINT64_MAX),
        encoded_with(10, 1, 10, 1u << 31), encoded_with(11, 1, 10, 10)}) {
    EXPECT_EQ(error_of([&] { decode_block(bad); }).code(), ErrorCode::damaged);
  }
}

TEST(Block, RefusesChunksAndNodesTogether) {
  Block block;
  block.objects = {object_of(DigestKind::chunk, as_bytes("a")),
                   object_of(DigestKind::node, as_bytes("b"))};
  block.raw_size = 2;
  block.payload = to_bytes(as_bytes("ab"));
  EXPECT_NE(std::string(error_of([&] { decode_block(encode(block)); }).what())
                .find("chunks and nodes in one block"),
            std::string::npos);
}

TEST(Block, StopsABombAtItsStatedSize) {
  const Bytes zeros(4u << 20);
  Bytes payload(ZSTD_compressBound(zeros.size()));
  payload.resize(ZSTD_compress(payload.data(), payload.size(), zeros.data(), zeros.size(), 19));
  Block block;
  block.codec = 1;
  block.raw_size = 1'000;
  block.objects = {object_of(DigestKind::chunk, ByteView(zeros).first(1'000))};
  block.payload = payload;
  EXPECT_EQ(error_of([&] { verify_and_decompress(block); }).code(), ErrorCode::damaged);

  // The same without a stated size in the frame.
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  block.payload.resize(ZSTD_compressBound(zeros.size()));
  block.payload.resize(ZSTD_compress2(context, block.payload.data(), block.payload.size(),
                                      zeros.data(), zeros.size()));
  ZSTD_freeCCtx(context);
  EXPECT_EQ(error_of([&] { verify_and_decompress(block); }).code(), ErrorCode::damaged);
}

TEST(Block, RefusesTwoFramesAndAnythingAfterOne) {
  std::mt19937_64 random(6);
  const Bytes content = test::prose(random, 20'000);
  Block block = block_of(content);
  const Block good = block;
  block.payload.push_back(0);
  EXPECT_EQ(error_of([&] { verify_and_decompress(block); }).code(), ErrorCode::damaged);
  block.payload = good.payload;
  block.payload.insert(block.payload.end(), good.payload.begin(), good.payload.end());
  EXPECT_EQ(error_of([&] { verify_and_decompress(block); }).code(), ErrorCode::damaged);
}

TEST(Block, RefusesAnObjectWithAnotherDigest) {
  std::mt19937_64 random(7);
  Block block = block_of(test::prose(random, 20'000));
  std::swap(block.objects[0].digest, block.objects[1].digest);
  EXPECT_EQ(error_of([&] { verify_and_decompress(block); }).code(), ErrorCode::damaged);
}

TEST(Block, SaysThatACodecIsNotKnown) {
  std::mt19937_64 random(8);
  Block block = block_of(test::prose(random, 2'000));
  block.codec = 9;
  const Error error = error_of([&] { verify_and_decompress(decode_block(encode(block))); });
  EXPECT_EQ(error.code(), ErrorCode::unsupported);
  EXPECT_STREQ(error.what(), "block: compressed with codec 9, not known here");
}

TEST(BlockBuilder, KeepsSortsApartAndStaysWithinTheLimits) {
  BlockBuilder builder;
  const Bytes chunk(kMaxObjectSize);
  const Digest digest;
  for (std::uint32_t i = 0; i < kMaxBlockRaw / kMaxObjectSize; ++i) {
    ASSERT_TRUE(builder.fits(DigestKind::chunk, chunk.size()));
    builder.add(DigestKind::chunk, digest, chunk);
  }
  EXPECT_FALSE(builder.fits(DigestKind::chunk, 1));
  EXPECT_FALSE(builder.fits(DigestKind::node, 1));
  EXPECT_EQ(builder.take().raw.size(), kMaxBlockRaw);
  EXPECT_TRUE(builder.empty());
  for (std::uint32_t i = 0; i < kMaxBlockObjects; ++i) {
    builder.add(DigestKind::chunk, digest, ByteView(chunk).first(1));
  }
  EXPECT_FALSE(builder.fits(DigestKind::chunk, 1));
}

TEST(Level, HasItsWords) {
  EXPECT_EQ(parse_level("fast"), Level::fast);
  EXPECT_EQ(parse_level("default"), Level::standard);
  EXPECT_EQ(parse_level("small"), Level::small);
  EXPECT_EQ(parse_level("best"), std::nullopt);
}

}  // namespace
}  // namespace courier
