// A tape drive of fixed blocks: the same volumes, without records that the drive could tell apart.
#include "tests/support/block_tape.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "media/tape_medium.h"
#include "tests/support/test_parcels.h"
#include "tests/unit/media/raw_bench.h"

namespace courier {
namespace {

using test::BlockTape;
using test::in_memory;
using test::parcel_like;

class BlockTapeTest : public testing::TestWithParam<std::size_t> {
 protected:
  TapeMedium tape() { return TapeMedium(std::make_unique<BlockTape>(blocks_, GetParam())); }
  Bytes read_all(const ByteSource& source) {
    Bytes out, buffer(100'000);
    while (const std::size_t n = source(buffer)) {
      out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(n));
    }
    return out;
  }

  const std::shared_ptr<BlockTape::Blocks> blocks_ = std::make_shared<BlockTape::Blocks>();
};

TEST_P(BlockTapeTest, KeepsVolumesThatAreReadInAnyOrderAndByTurns) {
  const Bytes first = parcel_like(900'001, 1), second = parcel_like(700'000, 2),
              third = parcel_like(10, 3);
  tape().write_proved(in_memory(first), "a.pcl", {});
  tape().write_proved(in_memory(second), "b.pcl", {});
  tape().write_proved(in_memory(third), "c.pcl", {});
  EXPECT_TRUE(tape().write_proved(in_memory(second), "b.pcl", {}).was_there);
  std::vector<OfferedVolume> offered;
  TapeMedium medium = tape();
  medium.scan([&](OfferedVolume&& volume) { offered.push_back(std::move(volume)); });
  ASSERT_EQ(offered.size(), 3u);
  // One begun, another read whole, and the first again from where it was.
  Bytes beginning(500'000);
  std::size_t n = 0;
  while (n < beginning.size()) n += offered[0].source(MutableByteView(beginning).subspan(n));
  EXPECT_EQ(read_all(offered[1].source), second);
  Bytes all = beginning;
  const Bytes rest = read_all(offered[0].source);
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_EQ(all, first);
  EXPECT_EQ(read_all(offered[2].source), third);
}

TEST_P(BlockTapeTest, IsOneWithoutCouriersMarksWhenAnotherProgramWroteIt) {
  blocks_->assign(300, Bytes(GetParam(), 'x'));
  TapeMedium medium = tape();
  EXPECT_THROW(medium.scan([](OfferedVolume&&) {}), Error);
  EXPECT_THROW(medium.write_proved(in_memory(Bytes(10)), "a.pcl", {}), Error);
  EXPECT_EQ(blocks_->size(), 300u);
}

INSTANTIATE_TEST_SUITE_P(Sizes, BlockTapeTest, testing::Values(512u, 1024u, 4096u));

}  // namespace
}  // namespace courier
