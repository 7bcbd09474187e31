#include "store/lean_block.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "store/block_against.h"
#include "tests/support/error_of.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::error_of;

BlockBuilder::Raw gathered(DigestKind kind, const std::vector<Bytes>& contents) {
  BlockBuilder builder;
  for (const Bytes& content : contents) builder.add(kind, digest_of(kind, content), content);
  return builder.take();
}

Block opened(LeanBlock lean, ByteView base) {
  const Bytes raw = decompress_against(lean.block, base);
  const std::vector<Digest> digests = digests_in(lean.block, raw);
  return with_digests(std::move(lean), digests);
}

DigestKind kind_of(const std::string& word) {
  return word == "chunk" ? DigestKind::chunk : word == "node" ? DigestKind::node : DigestKind::root;
}

TEST(LeanBlock, IsTheSameBlockWithoutAByteForEachDigest) {
  std::mt19937_64 random(1);
  std::vector<Bytes> contents;
  for (int i = 0; i < 50; ++i) contents.push_back(test::prose(random, 1 + i * i));
  for (const DigestKind kind : {DigestKind::chunk, DigestKind::node}) {
    for (const Level level : {Level::fast, Level::small}) {
      const Block block = compress_block(gathered(kind, contents), level);
      const Bytes lean = encode_lean(block);
      EXPECT_LT(lean.size() + 49 * sizeof(Digest), encode(block).size());
      EXPECT_EQ(lean_object_count(lean), 50u);
      EXPECT_EQ(opened(decode_lean(lean), {}), block);
    }
  }
}

TEST(LeanBlock, NamesWhatItIsCodedAgainstByTheBeginningOfDigests) {
  std::mt19937_64 random(2);
  const Bytes old = test::random_bytes(random, 50'000);
  Bytes content = old;
  for (std::size_t at = 0; at < content.size(); at += 700) content[at] ^= 1;
  const Digest name = digest_of(DigestKind::chunk, old);
  const Block block =
      compress_block_against(gathered(DigestKind::chunk, {content}),
                             {{BaseForm::object, name, 0, 50'000}}, old, Level::standard);
  ASSERT_TRUE(block.has_base());
  const LeanBlock lean = decode_lean(encode_lean(block));
  const BaseRange range = base_ranges(lean.block).at(0);
  EXPECT_TRUE(
      std::ranges::equal(range.object.view().first(kShortName), name.view().first(kShortName)));
  EXPECT_EQ(Digest::from(range.object.view()).bytes[kShortName], 0);
  EXPECT_EQ(opened(lean, old).objects, block.objects);
}

TEST(LeanBlock, EveryFlippedBitIsNoticed) {
  std::mt19937_64 random(3);
  const Block block = compress_block(
      gathered(DigestKind::chunk, {test::prose(random, 300), Bytes(9, 7)}), Level::standard);
  const Bytes encoded = encode_lean(block);
  for (std::size_t at = 0; at < encoded.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = encoded;
      flipped[at] ^= static_cast<std::uint8_t>(1u << bit);
      // The frame of zstd has bits that change nothing that comes out of it.
      try {
        EXPECT_EQ(opened(decode_lean(flipped), {}).objects, block.objects) << at;
      } catch (const Error& error) {
        EXPECT_TRUE(error.code() == ErrorCode::damaged || error.code() == ErrorCode::unsupported);
      }
      if (at < 34) {
        EXPECT_THROW(opened(decode_lean(flipped), {}), Error) << at;
      }
    }
  }
}

TEST(LeanBlock, CutShortAnywhereIsRefused) {
  std::mt19937_64 random(4);
  const Bytes encoded = encode_lean(
      compress_block(gathered(DigestKind::node, {test::prose(random, 400)}), Level::standard));
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    const ByteView cut = ByteView(encoded).first(size);
    EXPECT_EQ(error_of([&] { opened(decode_lean(cut), {}); }).code(), ErrorCode::damaged) << size;
  }
}

// The second reader is held to them as well.
TEST(LeanBlock, TheVectorsOpenToWhatTheySayOrAreRefused) {
  std::ifstream file(COURIER_TESTS_DIR "/golden/lean_blocks.json");
  const auto vectors = nlohmann::json::parse(file);
  ASSERT_GE(vectors.size(), 25u);
  for (const auto& vector : vectors) {
    const std::string name = vector.at("name");
    const Bytes held = from_hex(vector.at("held").get<std::string>());
    const Digest held_name = digest_of(DigestKind::chunk, held);
    const auto& objects = vector.at("objects");
    try {
      LeanBlock lean = decode_lean(from_hex(vector.at("block").get<std::string>()));
      Bytes base;
      if (lean.block.has_base()) {
        for (const BaseRange& range : base_ranges(lean.block)) {
          const bool is_it = std::ranges::equal(range.object.view().first(kShortName),
                                                held_name.view().first(kShortName));
          if (!is_it || range.offset + range.length > held.size()) {
            throw Error(ErrorCode::incomplete, "base", "is not here");
          }
          const auto part = ByteView(held).subspan(range.offset, range.length);
          base.insert(base.end(), part.begin(), part.end());
        }
      }
      const Bytes raw = decompress_against(lean.block, base);
      const std::vector<Digest> digests = digests_in(lean.block, raw);
      const Block block = with_digests(std::move(lean), digests);
      ASSERT_FALSE(objects.is_null()) << name;
      ASSERT_EQ(block.objects.size(), objects.size()) << name;
      std::size_t at = 0;
      for (std::size_t i = 0; i < objects.size(); ++i) {
        EXPECT_EQ(block.objects[i].kind, kind_of(objects[i].at(0))) << name;
        EXPECT_EQ(block.objects[i].digest.hex(), objects[i].at(1).get<std::string>()) << name;
        const ByteView bytes = ByteView(raw).subspan(at, block.objects[i].size);
        EXPECT_EQ(to_hex(bytes), objects[i].at(2).get<std::string>()) << name;
        at += block.objects[i].size;
      }
    } catch (const Error& error) {
      EXPECT_TRUE(objects.is_null()) << name << ": " << error.what();
    }
  }
}

}  // namespace
}  // namespace courier
