#include "store/similarity.h"

#include <gtest/gtest.h>

#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::random_bytes;

constexpr std::size_t kMost = 4u << 20;

SimilarityIndex index_of(const std::vector<Bytes>& contents) {
  SimilarityIndex index;
  for (std::uint32_t i = 0; i < contents.size(); ++i) index.add(i, 0, contents[i]);
  index.finish();
  return index;
}

// As a linker changes a program: a byte in every 40 is another one.
Bytes changed(Bytes content, std::mt19937_64& random) {
  for (std::size_t at = random() % 40; at < content.size(); at += 1 + random() % 79) {
    content[at] ^= 0x11;
  }
  return content;
}

Bytes part(const Bytes& of, std::size_t from, std::size_t size) {
  return to_bytes(ByteView(of).subspan(from, size));
}

TEST(Similarity, FindsWhereAChangedPieceCameFrom) {
  std::mt19937_64 random(1);
  const std::vector<Bytes> old = {random_bytes(random, 300'000), random_bytes(random, 9'000'000),
                                  random_bytes(random, 300'000)};
  const SimilarityIndex index = index_of(old);
  const auto found = index.find(changed(part(old[1], 5'000'000, 1'000'000), random), kMost);
  ASSERT_FALSE(found.empty());
  std::uint64_t covered = 0;
  for (const auto& range : found) {
    EXPECT_EQ(range.content, 1u);
    EXPECT_GE(range.offset + 3 * kSimilarityGranule, 5'000'000u);
    EXPECT_LE(range.offset + range.length, 6'000'000u + 3 * kSimilarityGranule);
    covered += range.length;
  }
  EXPECT_GT(covered, 900'000u);
}

TEST(Similarity, FindsPiecesOfSeveralContents) {
  std::mt19937_64 random(2);
  const std::vector<Bytes> old = {random_bytes(random, 500'000), random_bytes(random, 40'000)};
  Bytes fresh = old[1];
  const Bytes other = part(old[0], 200'000, 100'000);
  fresh.insert(fresh.end(), other.begin(), other.end());
  const auto found = index_of(old).find(fresh, kMost);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].content, 0u);
  EXPECT_LE(found[0].offset, 200'000u);
  EXPECT_GE(found[0].offset + found[0].length, 300'000u);
  EXPECT_EQ(found[1], (SimilarRange{1, 0, 40'000}));
}

TEST(Similarity, IsTheSameHoweverTheContentWasAdded) {
  std::mt19937_64 random(3);
  const Bytes old = random_bytes(random, 2'000'000);
  SimilarityIndex whole, parts;
  whole.add(0, 0, old);
  for (std::size_t at = old.size(); at > 0; at -= 100'000) {
    parts.add(0, at - 100'000, ByteView(old).subspan(at - 100'000, 100'000));
  }
  whole.finish();
  parts.finish();
  const Bytes fresh = part(old, 700'000, 400'000);
  EXPECT_EQ(whole.find(fresh, kMost), parts.find(fresh, kMost));
}

TEST(Similarity, FindsNothingInWhatIsNotAlike) {
  std::mt19937_64 random(4);
  const SimilarityIndex index = index_of({random_bytes(random, 3'000'000), Bytes(2'000'000)});
  EXPECT_TRUE(index.find(random_bytes(random, 1'000'000), kMost).empty());
  EXPECT_TRUE(index.find({}, kMost).empty());
  EXPECT_TRUE(index.find(Bytes(5), kMost).empty());
  EXPECT_TRUE(SimilarityIndex().find(Bytes(5'000), kMost).empty());
}

TEST(Similarity, StaysWithinTheBytesAskedFor) {
  std::mt19937_64 random(5);
  const Bytes old = random_bytes(random, 3'000'000);
  const SimilarityIndex index = index_of({old});
  for (const std::size_t most : {0u, 10'000u, 100'000u, 1'000'000u}) {
    std::size_t sum = 0;
    for (const auto& range : index.find(old, most)) sum += range.length;
    EXPECT_LE(sum, most);
    EXPECT_GE(sum + kSimilarityGranule, most);
  }
}

}  // namespace
}  // namespace courier
