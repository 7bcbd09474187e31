#include <gtest/gtest.h>

#include "store/store.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::describe;

class Gc : public ::testing::Test {
 protected:
  // Three sources that share a file.
  void SetUp() override {
    std::mt19937_64 random(1);
    const Bytes shared = test::random_bytes(random, 600'000);
    for (int i = 0; i < 3; ++i) {
      std::filesystem::create_directories(source(i) + "/sub");
      test::write_file(source(i) + "/sub/shared", shared);
      test::write_file(source(i) + "/own", test::random_bytes(random, 400'000));
      test::write_file(source(i) + "/small", "number " + std::to_string(i));
    }
  }
  std::string source(int i) const { return temp_ / ("source" + std::to_string(i)); }
  Store open() { return Store::open(fs_, temp_ / "store", Store::Access::write); }
  void expect_whole(Store& store, const Digest& root, int i) {
    const std::string copy = temp_ / ("copy" + std::to_string(++copies_));
    store.export_tree(root, copy);
    EXPECT_EQ(describe(source(i)), describe(copy));
  }

  test::TempFolder temp_;
  PosixFileSystem fs_;
  int copies_ = 0;
};

TEST_F(Gc, ListsFirstAndDeletesOnRequest) {
  Store store = open();
  const Digest a = store.snapshot(source(0)).root;
  const Digest b = store.snapshot(source(1)).root;
  const auto all = store.gc({{a, b}, {}, {}}, false);
  EXPECT_EQ(all.dead_objects, 0u);
  EXPECT_EQ(all.reclaimable_bytes, 0u);

  const auto before = store.stats();
  const auto listed = store.gc({{b}, {}, {}}, false);
  EXPECT_GT(listed.dead_bytes, 400'000u);
  EXPECT_LT(listed.dead_bytes, 500'000u);
  EXPECT_FALSE(listed.deleted);
  EXPECT_EQ(store.stats().stored_bytes, before.stored_bytes);
  expect_whole(store, a, 0);

  const auto deleted = store.gc({{b}, {}, {}}, true);
  EXPECT_EQ(deleted.dead_bytes, listed.dead_bytes);
  EXPECT_LT(store.stats().stored_bytes, before.stored_bytes - 390'000);
  EXPECT_FALSE(store.has(a));
  expect_whole(store, b, 1);
  EXPECT_TRUE(store.check().clean());
  EXPECT_EQ(store.gc({{b}, {}, {}}, false).reclaimable_bytes, 0u);
}

TEST_F(Gc, WithoutRootsEmptiesTheStore) {
  Store store = open();
  store.snapshot(source(0));
  store.gc({}, true);
  EXPECT_EQ(store.stats().packs, 0u);
  EXPECT_EQ(store.stats().stored_bytes, 0u);
  const Digest root = store.snapshot(source(0)).root;
  expect_whole(store, root, 0);
}

TEST_F(Gc, KeepsPinnedPacksWhole) {
  Store store = open();
  const auto a = store.snapshot(source(0));
  const auto report = store.gc({{}, {}, a.packs}, true);
  EXPECT_EQ(report.dead_objects, 0u);
  expect_whole(store, a.root, 0);
}

TEST_F(Gc, PassesOverRootsThatAreNotHere) {
  Store store = open();
  const Digest a = store.snapshot(source(0)).root;
  store.gc({{digest_of(DigestKind::root, as_bytes("never seen")), a}, {}, {}}, true);
  expect_whole(store, a, 0);
}

TEST_F(Gc, DeletesNothingWhileANodeIsMissing) {
  Store store = open();
  const Digest a = store.snapshot(source(0)).root;
  const Digest b = store.snapshot(source(1)).root;
  // A root that names a folder which is not here.
  RootObject root = store.read_root(b);
  root.folder.content = digest_of(DigestKind::node, as_bytes("elsewhere"));
  const Bytes encoded = encode(root);
  const Digest broken = digest_of(DigestKind::root, encoded);
  BlockBuilder builder;
  builder.add(DigestKind::root, broken, encoded);
  auto appender = store.append();
  appender.add(compress_block(builder.take(), Level::fast));
  appender.finish();
  const auto report = store.gc({{b, broken}, {}, {}}, true);
  EXPECT_EQ(report.missing_nodes, 1u);
  EXPECT_FALSE(report.deleted);
  expect_whole(store, a, 0);
  // Of one that is still on its way parts may be missing.
  EXPECT_TRUE(store.gc({{b}, {broken}, {}}, true).deleted);
  EXPECT_TRUE(store.has(broken));
  EXPECT_FALSE(store.has(a));
  expect_whole(store, b, 1);
}

TEST_F(Gc, AnsweredTwiceIsOnce) {
  Store store = open();
  store.snapshot(source(0));
  const Digest b = store.snapshot(source(1)).root;
  store.gc({{b}, {}, {}}, true);
  const auto before = store.stats();
  const auto again = store.gc({{b}, {}, {}}, true);
  EXPECT_EQ(again.packs_removed + again.packs_rewritten, 0u);
  EXPECT_EQ(store.stats().stored_bytes, before.stored_bytes);
}

// Wherever it stops, what the roots reach is whole, and running it again ends well.
TEST_F(Gc, MayStopAnywhere) {
  Digest b, c;
  {
    Store store = open();
    store.snapshot(source(0));
    b = store.snapshot(source(1)).root;
    c = store.snapshot(source(2)).root;
  }
  std::filesystem::rename(temp_ / "store", temp_ / "full");
  for (std::size_t fail_at = 1;; ++fail_at) {
    SCOPED_TRACE(fail_at);
    std::filesystem::remove_all(temp_ / "store");
    std::filesystem::copy(temp_ / "full", temp_ / "store",
                          std::filesystem::copy_options::recursive);
    test::FaultyFileSystem failing(fs_);
    failing.fail_at(fail_at, EIO, true);
    bool failed = false;
    try {
      Store store = Store::open(failing, temp_ / "store", Store::Access::write);
      store.gc({{b, c}, {}, {}}, true);
    } catch (const Error&) {
      failed = true;
    }
    Store store = open();
    EXPECT_TRUE(store.missing(b).complete());
    EXPECT_TRUE(store.missing(c).complete());
    EXPECT_TRUE(store.check().clean());
    store.gc({{b, c}, {}, {}}, true);
    EXPECT_TRUE(store.check().clean());
    EXPECT_EQ(store.gc({{b, c}, {}, {}}, false).reclaimable_bytes, 0u);
    if (!failed) {
      expect_whole(store, b, 1);
      EXPECT_GT(fail_at, 5u);
      return;
    }
  }
}

}  // namespace
}  // namespace courier
