#include "store/read_ahead.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>

#include "base/error.h"

namespace courier {
namespace {

// Ten blocks of one pack, of which one is of nodes and one cannot be opened.
class ReadAheadTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kBlocks = 10, kNodes = 3, kBroken = 6;

  BlockPlace at(std::uint32_t number) {
    BlockPlace place;
    place.ref = {pack_, number};
    place.nodes = number == kNodes;
    return place;
  }
  BlockCache::Pointer open(const BlockPlace& place) {
    ++opened_[place.ref.block];
    if (place.ref.block == kBroken) throw Error(ErrorCode::damaged, "block", "is broken");
    auto block = std::make_shared<Store::OpenBlock>();
    block->raw = Bytes(10, static_cast<std::uint8_t>(place.ref.block));
    cache_.put(place.ref, block);
    return block;
  }

  const Digest pack_ = digest_of(DigestKind::pack, as_bytes("p"));
  BlockCache cache_;
  std::array<std::atomic<int>, kBlocks> opened_{};
  ReadAhead ahead_{[this](const BlockPlace& place) { return open(place); },
                   [this](const BlockRef& ref) {
                     return ref.block < kBlocks ? std::optional(at(ref.block)) : std::nullopt;
                   }};
};

TEST_F(ReadAheadTest, BeginsOnlyWhenBlocksAreAskedForInOrder) {
  for (const std::uint32_t number : {8u, 0u, 5u, 1u}) ahead_.follow(at(number), cache_);
  for (std::uint32_t i = 0; i < kBlocks; ++i) EXPECT_EQ(ahead_.wait({pack_, i}), nullptr);
  for (const auto& count : opened_) EXPECT_EQ(count, 0);
}

TEST_F(ReadAheadTest, OpensTheNextOnesOfTheSameSortOnce) {
  ahead_.follow(at(0), cache_);
  ahead_.follow(at(1), cache_);
  ahead_.follow(at(1), cache_);
  for (std::uint32_t i = 0; i < kBlocks; ++i) ahead_.wait({pack_, i});
  EXPECT_EQ(opened_[2], 1);
  EXPECT_EQ(opened_[kNodes], 0);
  EXPECT_EQ(opened_[4], 1);
  EXPECT_EQ(opened_[5], 0);
  EXPECT_NE(cache_.get({pack_, 4}), nullptr);
}

TEST_F(ReadAheadTest, SaysNothingOfWhatCannotBeOpened) {
  ahead_.follow(at(4), cache_);
  ahead_.follow(at(5), cache_);
  EXPECT_EQ(ahead_.wait({pack_, kBroken}), nullptr);
  EXPECT_EQ(cache_.get({pack_, kBroken}), nullptr);
}

TEST_F(ReadAheadTest, EndsWithThePack) {
  ahead_.follow(at(8), cache_);
  ahead_.follow(at(9), cache_);
  EXPECT_EQ(ahead_.wait({pack_, 10}), nullptr);
}

}  // namespace
}  // namespace courier
