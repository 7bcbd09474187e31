#include "store/pack.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::error_of;

Block block_of(ByteView content) {
  BlockBuilder builder;
  builder.add(DigestKind::chunk, digest_of(DigestKind::chunk, content), content);
  return compress_block(builder.take(), Level::fast);
}

class Pack : public ::testing::Test {
 protected:
  FinishedPack write(int blocks) {
    std::mt19937_64 random(1);
    PackWriter writer(storage_);
    for (int i = 0; i < blocks; ++i) {
      // Compressed and raw ones: what vouches for their payloads differs.
      blocks_.push_back(
          block_of(i % 2 == 0 ? test::prose(random, 3'000) : test::random_bytes(random, 1'000)));
      writer.add(blocks_.back());
    }
    return writer.finish();
  }
  std::string path_of(const Digest& pack) const {
    return temp_ / ("packs/" + pack.hex().substr(0, 2) + "/" + pack.hex() + ".pack");
  }

  test::TempFolder temp_;
  PosixFileSystem fs_;
  FolderPackStorage storage_{fs_, temp_ / "packs"};
  std::vector<Block> blocks_;
};

TEST_F(Pack, GivesBackItsBlocksByItsOwnIndex) {
  const FinishedPack written = write(5);
  EXPECT_EQ(written.size, storage_.size(written.name));
  const PackIndex index = read_pack_index(storage_, written.name);
  EXPECT_EQ(index.blocks, written.index.blocks);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const auto& block = index.blocks[i];
    EXPECT_EQ(read_packed_block(storage_, written.name, block.offset, block.size, block.digest),
              blocks_[i]);
  }
}

TEST_F(Pack, OfTheSameBlocksHasTheSameName) {
  const Digest first = write(3).name;
  EXPECT_EQ(write(3).name, first);
  EXPECT_EQ(storage_.list().size(), 1u);
}

// Whatever byte is turned, its index or one of its blocks is refused.
TEST_F(Pack, NoFlippedByteGoesUnnoticed) {
  const FinishedPack written = write(3);
  const Bytes good = test::read_whole(path_of(written.name));
  for (std::size_t i = 0; i < good.size(); i += i < 20 || i + 60 > good.size() ? 1 : 41) {
    Bytes bad = good;
    bad[i] ^= 0x10;
    test::write_file(path_of(written.name), bad);
    FolderPackStorage storage(fs_, temp_ / "packs");
    const Error error = error_of([&] {
      const PackIndex index = read_pack_index(storage, written.name);
      for (const auto& block : index.blocks) {
        read_packed_block(storage, written.name, block.offset, block.size, block.digest);
      }
    });
    EXPECT_EQ(error.code(), ErrorCode::damaged) << i;
  }
}

TEST_F(Pack, RefusesEveryTruncation) {
  const FinishedPack written = write(2);
  const Bytes good = test::read_whole(path_of(written.name));
  for (std::size_t size = 0; size < good.size(); size += 97) {
    test::write_file(path_of(written.name), ByteView(good).first(size));
    FolderPackStorage storage(fs_, temp_ / "packs");
    EXPECT_EQ(error_of([&] { read_pack_index(storage, written.name); }).code(), ErrorCode::damaged);
  }
}

TEST_F(Pack, IsFullByObjectsToo) {
  PackWriter writer(storage_);
  const std::uint8_t byte = 1;
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(writer.full());
    BlockBuilder builder;
    for (std::uint32_t n = 0; n < kMaxBlockObjects; ++n) {
      builder.add(DigestKind::chunk, digest_of(DigestKind::chunk, {&byte, 1}), {&byte, 1});
    }
    writer.add(compress_block(builder.take(), Level::fast));
  }
  EXPECT_TRUE(writer.full());
}

}  // namespace
}  // namespace courier
