#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "store/store.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::error_of;

class Closure : public ::testing::Test {
 protected:
  void SetUp() override {
    test::RandomTree(21).make(source_, 60);
    std::mt19937_64 random(2);
    test::write_file(source_ + "/large", test::random_bytes(random, 6'000'000));
    root_ = store_.snapshot(source_).root;
  }
  std::set<Digest> all_objects() {
    std::set<Digest> all;
    store_.for_each_object(root_, [&](const BlockObject& o) { all.insert(o.digest); });
    return all;
  }

  test::TempFolder temp_;
  PosixFileSystem fs_;
  Store store_ = Store::open(fs_, temp_ / "store", Store::Access::write);
  const std::string source_ = temp_ / "source";
  Digest root_;
};

TEST_F(Closure, IsWholeAfterASnapshot) {
  const auto result = store_.missing(root_);
  EXPECT_TRUE(result.complete());
  EXPECT_GE(result.objects, all_objects().size());
  for (const auto& digest : all_objects()) EXPECT_TRUE(store_.has(digest));
}

TEST_F(Closure, OfARootThatIsNotHereIsTheRootAlone) {
  const Digest unknown = digest_of(DigestKind::root, as_bytes("?"));
  const auto result = store_.missing(unknown);
  EXPECT_EQ(result.missing, std::vector<Digest>{unknown});
  EXPECT_EQ(result.missing_count, 1u);
  ObjectSet set;
  EXPECT_EQ(error_of([&] { store_.add_closure(unknown, set); }).code(), ErrorCode::incomplete);
}

// Only a hostile or broken sender makes one: its digest is right, and it is no node.
TEST_F(Closure, SaysWhatIsWrongWithANodeThatIsHereAndIsNone) {
  Node leaf;
  leaf.entries.emplace_back();
  leaf.entries[0].type = EntryType::symlink;
  leaf.entries[0].name = "zz";
  leaf.entries[0].mode = 0777;
  leaf.entries[0].target = "x";
  Bytes encoded = encode(leaf);
  const std::string_view name = "zz";
  *std::search(encoded.begin(), encoded.end(), name.begin(), name.end()) = 46;
  *std::search(encoded.begin(), encoded.end(), name.begin() + 1, name.end()) = 46;
  RootObject root;
  root.folder.type = EntryType::dir;
  root.folder.size = 1;
  root.folder.content = digest_of(DigestKind::node, encoded);
  const Bytes encoded_root = encode(root);
  const Digest digest = digest_of(DigestKind::root, encoded_root);
  BlockBuilder builder;
  builder.add(DigestKind::node, root.folder.content, encoded);
  builder.add(DigestKind::root, digest, encoded_root);
  auto appender = store_.append();
  appender.add(compress_block(builder.take(), Level::fast));
  appender.finish();
  const auto result = store_.missing(digest);
  EXPECT_EQ(result.missing, std::vector<Digest>{root.folder.content});
  EXPECT_EQ(result.malformed, "node: an entry named .. at byte 7");
  EXPECT_FALSE(store_.missing(root_).malformed);
}

TEST_F(Closure, GroupedByBlocksNamesEachObjectOnceNodesFirst) {
  ObjectSet set;
  store_.add_closure(root_, set);
  EXPECT_EQ(set.count(), all_objects().size());
  std::set<Digest> seen;
  bool data_begun = false;
  std::uint64_t bytes = 0;
  store_.for_each_block(set, [&](const StoredBlock& block, const std::vector<BlockObject>& wanted) {
    const Block stored = store_.read_block(block.ref);
    EXPECT_EQ(stored.objects.size(), block.objects);
    EXPECT_EQ(stored.raw_size, block.raw_size);
    EXPECT_FALSE(data_begun && stored.holds_nodes());
    data_begun = data_begun || !stored.holds_nodes();
    for (const auto& object : wanted) {
      EXPECT_TRUE(seen.insert(object.digest).second);
      bytes += object.size;
    }
  });
  EXPECT_EQ(seen, all_objects());
  EXPECT_EQ(bytes, set.bytes());
}

TEST_F(Closure, WithoutAnotherIsWhatChanged) {
  test::write_file(source_ + "/new", "something new");
  const Digest next = store_.snapshot(source_).root;
  ObjectSet held, wanted;
  store_.add_closure(root_, held);
  store_.add_closure(next, wanted, &held);
  EXPECT_GE(wanted.count(), 3u);  // chunk, directory node, root
  EXPECT_LE(wanted.count(), 5u);
  EXPECT_TRUE(wanted.contains(next));
  EXPECT_TRUE(wanted.contains(digest_of(DigestKind::chunk, as_bytes("something new"))));
}

TEST_F(Closure, NamesAChunkThatTheOtherSideLacksBelowANodeThatItHolds) {
  ObjectSet held, wanted;
  const auto entry = store_.find(root_, SafePath::parse("large"));
  ChunkLister chunks(store_, *entry);
  ChunkRef chunk;
  ASSERT_TRUE(chunks.next(chunk));
  store_.for_each_object(
      root_, [&](const BlockObject& object) { held.insert(object); },
      [&](const Digest& digest) { return digest == chunk.digest; });
  store_.add_closure(root_, wanted, &held);
  EXPECT_EQ(wanted.count(), 1u);
  EXPECT_TRUE(wanted.contains(chunk.digest));
}

TEST_F(Closure, CrossesToAnotherStoreBlockByBlock) {
  ObjectSet set;
  store_.add_closure(root_, set);
  Store other = Store::open(fs_, temp_ / "other", Store::Access::write);
  std::vector<Digest> announced;
  auto appender = other.append([&](const Digest& pack) { announced.push_back(pack); });
  store_.for_each_block(set, [&](const StoredBlock& block, const auto&) {
    const Block sent = store_.read_block(block.ref);
    const Block came = decode_block(encode(sent));
    verify_and_decompress(came);
    appender.add(came);
    EXPECT_TRUE(appender.has(came.objects[0].digest));
  });
  EXPECT_EQ(appender.finish(), announced);
  EXPECT_TRUE(other.missing(root_).complete());
  other.export_tree(root_, temp_ / "copy");
  EXPECT_EQ(test::describe(source_), test::describe(temp_ / "copy"));

  // A second time changes nothing.
  const auto before = other.stats();
  auto again = other.append();
  store_.for_each_block(
      set, [&](const StoredBlock& block, const auto&) { again.add(store_.read_block(block.ref)); });
  EXPECT_EQ(again.finish().size(), before.packs);  // the packs that hold it already
  EXPECT_EQ(other.stats().packs, before.packs);
}

TEST_F(Closure, DropsWhatAnAppenderDidNotFinish) {
  Store other = Store::open(fs_, temp_ / "other", Store::Access::write);
  {
    auto appender = other.append();
    appender.add(store_.read_block(*store_.locate(root_)));
    EXPECT_TRUE(appender.has(root_));
  }
  EXPECT_FALSE(other.has(root_));
  EXPECT_EQ(other.stats().packs, 0u);
}

TEST_F(Closure, IsWalkedInOrderAndFoundByPath) {
  std::map<std::string, TreeEntry> entries;
  std::vector<std::string> open = {""};
  store_.walk(
      root_,
      [&](const SafePath& path, const TreeEntry& entry) {
        EXPECT_EQ(path.parent().str(), open.back());
        entries[path.str()] = entry;
        if (entry.type == EntryType::dir) open.push_back(path.str());
      },
      [&](const SafePath& path, const TreeEntry&) {
        EXPECT_EQ(path.str(), open.back());
        open.pop_back();
      });
  EXPECT_EQ(open.size(), 1u);
  std::size_t on_disk = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_)) {
    const std::string path = entry.path().string().substr(source_.size() + 1);
    ++on_disk;
    ASSERT_TRUE(entries.contains(path)) << escaped(path);
    EXPECT_EQ(store_.find(root_, SafePath::parse(path)), entries[path]);
  }
  EXPECT_EQ(entries.size(), on_disk);
  EXPECT_FALSE(store_.find(root_, SafePath::parse("large/below a file")));
  EXPECT_EQ(store_.find(root_, SafePath{})->type, EntryType::dir);
}

TEST_F(Closure, FilesAreReadInAnyPortions) {
  const auto entry = store_.find(root_, SafePath::parse("large"));
  const Bytes whole = test::read_whole(source_ + "/large");
  const auto reader = store_.open_file(*entry);
  EXPECT_EQ(reader->size(), whole.size());
  Bytes read, portion;
  for (std::size_t size = 1;; size = size * 7 % 100'003) {
    portion.resize(size);
    const std::size_t n = reader->read(portion);
    read.insert(read.end(), portion.begin(), portion.begin() + static_cast<std::ptrdiff_t>(n));
    if (n < size) break;
  }
  EXPECT_EQ(read, whole);
}

// What a hostile sender could sign: nodes that lie about what is below them.
TEST_F(Closure, RefusesNodesThatDoNotAgree) {
  BlockBuilder builder;
  const auto put = [&](DigestKind kind, const Bytes& encoded) {
    const Digest digest = digest_of(kind, encoded);
    builder.add(kind, digest, encoded);
    return digest;
  };
  Node list;
  list.kind = Node::Kind::chunk_list;
  list.chunks = {{digest_of(DigestKind::chunk, as_bytes("x")), 1}};
  const Digest list_digest = put(DigestKind::node, encode(list));
  Node leaf;
  TreeEntry file;
  file.name = "b";
  leaf.entries = {file};
  const Digest leaf_digest = put(DigestKind::node, encode(leaf));
  const auto root_over = [&](const Digest& content, std::uint64_t size) {
    RootObject root;
    root.folder.type = EntryType::dir;
    root.folder.content = content;
    root.folder.size = size;
    return put(DigestKind::root, encode(root));
  };
  const auto above = [&](std::uint8_t level, std::vector<NodeRef> children) {
    Node node;
    node.level = level;
    node.children = std::move(children);
    return put(DigestKind::node, encode(node));
  };
  const std::map<std::string, Digest> bad = {
      {"a chunk list for a folder", root_over(list_digest, 1)},
      {"another size", root_over(leaf_digest, 2)},
      {"a level left out", root_over(above(2, {{leaf_digest, 1}}), 1)},
      {"a sum that overflows",
       root_over(above(1, {{leaf_digest, 1ull << 62}, {leaf_digest, 1ull << 62}}), 1ull << 62)},
      {"the same name twice", root_over(above(1, {{leaf_digest, 1}, {leaf_digest, 1}}), 2)},
  };
  const Digest good = root_over(above(1, {{leaf_digest, 1}}), 1);
  auto appender = store_.append();
  appender.add(compress_block(builder.take(), Level::fast));
  appender.finish();
  for (const auto& [name, root] : bad) {
    EXPECT_EQ(error_of([&, r = root] { store_.walk(r, [](const auto&, const auto&) {}); }).code(),
              ErrorCode::damaged)
        << name;
  }
  EXPECT_NO_THROW(store_.walk(good, [](const auto&, const auto&) {}));
}

// What is kept in memory, and what has gone to the file: some before, the rest after.
TEST(ObjectSet, IsASetInMemoryAndInItsFile) {
  for (const std::size_t in_memory : {std::size_t{0}, std::size_t{1}, std::size_t{300},
                                      std::size_t{1'000}, ObjectSet::kInMemory}) {
    ObjectSet set(in_memory);
    std::vector<BlockObject> objects;
    for (std::uint32_t i = 0; i < 1'000; ++i) {
      objects.push_back(
          {DigestKind::chunk, digest_of(DigestKind::chunk, as_bytes(std::to_string(i))), i + 1});
    }
    EXPECT_FALSE(set.contains(objects[0].digest));
    for (std::size_t i = 0; i < objects.size(); ++i) {
      EXPECT_FALSE(set.contains(objects[i].digest));
      EXPECT_TRUE(set.insert(objects[i]));
      EXPECT_FALSE(set.insert(objects[i / 2]));
    }
    EXPECT_EQ(set.count(), 1'000u);
    EXPECT_EQ(set.bytes(), 500'500u);
    std::vector<BlockObject> listed;
    set.for_each([&](const BlockObject& object) { listed.push_back(object); });
    std::sort(objects.begin(), objects.end(), [](const BlockObject& a, const BlockObject& b) {
      return a.digest < b.digest;
    });
    EXPECT_EQ(listed, objects) << in_memory;
    ObjectSet moved = std::move(set);
    EXPECT_TRUE(moved.contains(objects[9].digest));
    moved = ObjectSet();
    EXPECT_FALSE(moved.contains(objects[9].digest));
  }
}

}  // namespace
}  // namespace courier
