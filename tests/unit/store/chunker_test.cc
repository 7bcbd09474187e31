#include "store/chunker.h"

#include <gtest/gtest.h>

#include <set>

#include "base/digest.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

std::vector<Bytes> cut(ByteView content) {
  std::vector<Bytes> chunks;
  while (!content.empty()) {
    const std::size_t size = first_cut(content);
    chunks.push_back(to_bytes(content.first(size)));
    content = content.subspan(size);
  }
  return chunks;
}

TEST(Chunker, StaysWithinItsLimitsAndNearItsAverage) {
  std::mt19937_64 random(1);
  const Bytes content = test::random_bytes(random, 40'000'000);
  const auto chunks = cut(content);
  for (std::size_t i = 0; i + 1 < chunks.size(); ++i) {
    ASSERT_GE(chunks[i].size(), kMinChunk);
    ASSERT_LE(chunks[i].size(), kMaxChunk);
  }
  const std::size_t average = content.size() / chunks.size();
  EXPECT_GT(average, kAverageChunk * 3 / 4);
  EXPECT_LT(average, kAverageChunk * 3 / 2);
}

TEST(Chunker, CutsTheSameWhateverFollowsTheLongestChunk) {
  std::mt19937_64 random(2);
  const Bytes content = test::random_bytes(random, 2 * kMaxChunk);
  EXPECT_EQ(first_cut(content), first_cut(ByteView(content).first(kMaxChunk)));
}

TEST(Chunker, AnInsertionMovesOnlyTheCutsAroundIt) {
  std::mt19937_64 random(3);
  Bytes content = test::random_bytes(random, 10'000'000);
  std::set<Bytes> before;
  for (auto& chunk : cut(content)) before.insert(std::move(chunk));
  content.insert(content.begin() + 5'000'000, 77);
  std::size_t changed = 0;
  for (const auto& chunk : cut(content)) changed += !before.contains(chunk);
  EXPECT_GE(changed, 1u);
  EXPECT_LE(changed, 4u);
}

TEST(Chunker, CutsZerosIntoTheLongestChunks) {
  EXPECT_EQ(first_cut(Bytes(3 * kMaxChunk)), kMaxChunk);
}

TEST(Chunker, LeavesShortContentWhole) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{100}, kMinChunk}) {
    EXPECT_EQ(first_cut(Bytes(size, 1)), size);
  }
}

// Two sites agree on chunks for ever: these cuts may never change.
TEST(Chunker, CutsAsItAlwaysDid) {
  Bytes content(600'000);
  std::uint32_t state = 1;
  for (auto& byte : content) {
    state = state * 1'664'525u + 1'013'904'223u;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  std::vector<std::size_t> sizes;
  for (const auto& chunk : cut(content)) sizes.push_back(chunk.size());
  const std::vector<std::size_t> expected = {67'878, 45'182, 94'868,  66'915,
                                             75'669, 65'926, 108'769, 74'793};
  EXPECT_EQ(sizes, expected);
}

}  // namespace
}  // namespace courier
