#include "store/node_builder.h"

#include <gtest/gtest.h>

#include <map>

#include "base/codec.h"
#include "store/tree_encoding.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

class Nodes : public ::testing::Test {
 protected:
  std::map<Digest, Bytes> stored_;
  const NodeSink sink_ = [this](Bytes encoded) {
    const Digest digest = digest_of(DigestKind::node, encoded);
    stored_[digest] = std::move(encoded);
    return digest;
  };

  Node at(const Digest& digest) { return decode_node(stored_.at(digest)); }

  // The chunks of a list in order, with each node's level and size checked.
  void collect(const NodeRef& ref, int level, std::vector<ChunkRef>& out) {
    const Node node = at(ref.digest);
    if (level >= 0) {
      ASSERT_EQ(node.level, level);
    }
    std::uint64_t sum = 0;
    for (const auto& child : node.children) {
      sum += child.size;
      collect(child, node.level - 1, out);
    }
    for (const auto& chunk : node.chunks) {
      sum += chunk.size;
      out.push_back(chunk);
    }
    ASSERT_EQ(sum, ref.size);
  }

  TreeEntry list_of(const std::vector<ChunkRef>& chunks) {
    ChunkListBuilder builder(sink_);
    for (const auto& chunk : chunks) builder.add(chunk);
    TreeEntry entry;
    builder.finish(entry);
    return entry;
  }
};

std::vector<ChunkRef> chunks_of(std::uint64_t seed, std::size_t count) {
  std::mt19937_64 random(seed);
  std::vector<ChunkRef> chunks;
  for (std::size_t i = 0; i < count; ++i) {
    const auto bytes = test::random_bytes(random, 16);
    chunks.push_back({digest_of(DigestKind::chunk, bytes), 1 + static_cast<std::uint32_t>(i)});
  }
  return chunks;
}

TEST_F(Nodes, OfAChunkListGiveItBackInOrder) {
  for (const std::size_t count : {2u, 31u, 33u, 1'024u, 1'025u, 100'000u}) {
    SCOPED_TRACE(count);
    const auto chunks = chunks_of(1, count);
    const TreeEntry entry = list_of(chunks);
    EXPECT_EQ(entry.form, ContentForm::list);
    std::vector<ChunkRef> back;
    collect({entry.content, entry.size}, -1, back);
    EXPECT_EQ(back, chunks);
  }
}

TEST_F(Nodes, OfFilesAboutTwoAndFourGibibytesAddUp) {
  const ChunkRef zeros{digest_of(DigestKind::chunk, as_bytes("zeros")), 1u << 20};
  for (const std::uint64_t edge : {std::uint64_t{1} << 31, std::uint64_t{1} << 32}) {
    for (const std::uint64_t size : {edge - 1, edge, edge + 1}) {
      std::vector<ChunkRef> chunks(static_cast<std::size_t>(size >> 20), zeros);
      if (const auto rest = static_cast<std::uint32_t>(size & 0xfffff); rest != 0) {
        chunks.push_back({digest_of(DigestKind::chunk, as_bytes("rest")), rest});
      }
      const TreeEntry entry = list_of(chunks);
      EXPECT_EQ(entry.size, size);
      std::vector<ChunkRef> back;
      collect({entry.content, entry.size}, -1, back);
      EXPECT_EQ(back, chunks);
    }
  }
}

TEST_F(Nodes, AreNotNeededForNoChunkAndOneChunk) {
  const TreeEntry none = list_of({});
  EXPECT_EQ(none.form, ContentForm::none);
  EXPECT_EQ(none.size, 0u);
  const auto one = chunks_of(2, 1);
  const TreeEntry single = list_of(one);
  EXPECT_EQ(single.form, ContentForm::chunk);
  EXPECT_EQ(single.content, one[0].digest);
  EXPECT_TRUE(stored_.empty());
}

TEST_F(Nodes, ChangeOnlyAroundAChangedChunk) {
  auto chunks = chunks_of(3, 50'000);
  list_of(chunks);
  const std::size_t before = stored_.size();
  chunks.insert(chunks.begin() + 20'000, chunks_of(4, 1).front());
  list_of(chunks);
  EXPECT_GT(stored_.size(), before);
  EXPECT_LE(stored_.size(), before + 6);
}

TEST_F(Nodes, OfARunOfEqualChunksAreFew) {
  list_of(std::vector<ChunkRef>(1'000'000, chunks_of(5, 1).front()));
  EXPECT_LE(stored_.size(), 10u);
}

TEST_F(Nodes, OfADirectoryStayWithinTheirSize) {
  DirectoryBuilder builder(sink_);
  for (int i = 0; i < 200; ++i) {
    TreeEntry entry;
    entry.name = "name" + std::to_string(1'000 + i);
    entry.xattrs = {{"user.large", Bytes(60'000, static_cast<std::uint8_t>(i))}};
    builder.add(std::move(entry));
  }
  TreeEntry folder;
  builder.finish(folder);
  EXPECT_EQ(folder.size, 200u);
  for (const auto& [digest, encoded] : stored_) EXPECT_LE(encoded.size(), 600u * 1024);
  EXPECT_GT(stored_.size(), 20u);
}

TEST_F(Nodes, OfADirectoryDoNotMoveWhenContentChanges) {
  const auto build = [&](std::uint64_t size) {
    DirectoryBuilder builder(sink_);
    for (int i = 0; i < 10'000; ++i) {
      TreeEntry entry;
      entry.name = "name" + std::to_string(10'000 + i);
      if (i == 5'000) {
        entry.size = size;
        entry.form = ContentForm::chunk;
      }
      builder.add(std::move(entry));
    }
    TreeEntry folder;
    builder.finish(folder);
    return folder;
  };
  build(1);
  const std::size_t before = stored_.size();
  build(2);
  EXPECT_LE(stored_.size(), before + 2);
}

}  // namespace
}  // namespace courier
