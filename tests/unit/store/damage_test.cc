// What the store says and does when packs or its index are damaged, and how it comes out of it.
#include <gtest/gtest.h>

#include "store/pack.h"
#include "store/store.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::describe;
using test::error_of;

class Damage : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(source_ + "/sub");
    std::mt19937_64 random(1);
    test::write_file(source_ + "/large", test::random_bytes(random, 9'000'000));
    test::write_file(source_ + "/sub/text", test::prose(random, 300'000));
    Store store = open();
    const auto result = store.snapshot(source_);
    root_ = result.root;
    pack_ = result.packs.at(0);
    whole_ = test::read_whole(pack_path());
  }
  Store open() { return Store::open(fs_, temp_ / "store", Store::Access::write); }
  std::string pack_path() const {
    return temp_ / ("store/packs/" + pack_.hex().substr(0, 2) + "/" + pack_.hex() + ".pack");
  }
  void flip(std::size_t at) {
    Bytes bad = whole_;
    bad[at] ^= 1;
    test::write_file(pack_path(), bad);
  }
  PackIndex index() {
    FolderPackStorage storage(fs_, temp_ / "store/packs");
    return read_pack_index(storage, pack_);
  }

  test::TempFolder temp_;
  PosixFileSystem fs_;
  const std::string source_ = temp_ / "source";
  Digest root_, pack_;
  Bytes whole_;
};

TEST_F(Damage, OfADataBlockIsNamedAndCountsAsMissing) {
  const PackedBlock block = index().blocks.at(0);
  ASSERT_EQ(block.objects.at(0).kind, DigestKind::chunk);
  flip(block.offset + block.size / 2);
  Store store = open();
  EXPECT_TRUE(store.missing(root_).complete());  // nobody has looked yet
  const Error error = error_of([&] { store.read(block.objects[0].digest, DigestKind::chunk); });
  EXPECT_EQ(error.code(), ErrorCode::damaged);
  EXPECT_EQ(error.subject(), "pack " + pack_.brief() + ", block 0");
  const auto closure = store.missing(root_);
  EXPECT_EQ(closure.missing_count, block.objects.size());
  EXPECT_FALSE(store.has(block.objects[0].digest));
  EXPECT_EQ(error_of([&] { store.read(block.objects[0].digest, DigestKind::chunk); }).code(),
            ErrorCode::incomplete);
  EXPECT_EQ(store.stats().damaged_blocks, 1u);
}

TEST_F(Damage, OfAPackIsHealedByThePackOfTheSameNameWrittenAnew) {
  const PackedBlock packed = index().blocks.at(0);
  Store store = open();
  const Block block = store.read_block({pack_, 0});
  test::TempFolder other;
  Store copy = Store::open(fs_, other / "store", Store::Access::write);
  const auto add = [&] {
    auto appender = copy.append();
    appender.add(block);
    return appender.finish();
  };
  const std::vector<Digest> written = add();
  ASSERT_EQ(written.size(), 1u);
  const std::string path =
      other / ("store/packs/" + written[0].hex().substr(0, 2) + "/" + written[0].hex() + ".pack");
  Bytes bad = test::read_whole(path);
  bad[bad.size() / 2] ^= 1;
  test::write_file(path, bad);
  copy.check();
  EXPECT_FALSE(copy.has(packed.objects[0].digest));

  EXPECT_EQ(add(), written);  // one block: the pack has the same index, and so the same name
  EXPECT_TRUE(copy.has(packed.objects[0].digest));
  EXPECT_EQ(copy.read(packed.objects[0].digest, DigestKind::chunk).size(), packed.objects[0].size);
  EXPECT_TRUE(copy.check().clean());
}

TEST_F(Damage, LeavesTheAppenderNamingThePacksThatHoldABlockAlready) {
  Store store = open();
  const Block block = store.read_block({pack_, 0});
  auto appender = store.append();
  appender.add(block);
  EXPECT_EQ(appender.finish(), std::vector<Digest>{pack_});
}

TEST_F(Damage, IsFoundByCheckAndHealedByTheSameContentComingAgain) {
  const PackedBlock block = index().blocks.at(0);
  flip(block.offset + block.size - 5);
  Store store = open();
  const auto found = store.check();
  EXPECT_EQ(found.problem_count, 1u);
  EXPECT_EQ(found.problems.at(0).pack, pack_);
  EXPECT_EQ(found.problems.at(0).block, 0);
  EXPECT_EQ(found.problems.at(0).what,
            "its bytes do not have the digest " + block.objects.back().digest.brief());
  EXPECT_FALSE(store.missing(root_).complete());

  const auto again = store.snapshot(source_);
  EXPECT_EQ(again.root, root_);
  EXPECT_EQ(again.new_objects, block.objects.size());
  EXPECT_TRUE(store.missing(root_).complete());
  EXPECT_TRUE(store.check().clean());
  store.export_tree(root_, temp_ / "copy");
  EXPECT_EQ(describe(source_), describe(temp_ / "copy"));

  // What is left of the damaged block is dead space.
  const auto gc = store.gc({{root_}, {}, {}}, true);
  EXPECT_EQ(gc.dead_objects, 0u);
  EXPECT_GT(gc.reclaimable_bytes, block.size / 2);
  EXPECT_TRUE(store.check().clean());
  EXPECT_EQ(store.stats().damaged_blocks, 0u);
  EXPECT_TRUE(store.missing(root_).complete());
}

TEST_F(Damage, OfAnyByteOfAPackIsFoundByCheck) {
  for (std::size_t part = 0; part < 24; ++part) {
    const std::size_t at = part * (whole_.size() - 1) / 23;
    flip(at);
    Store store = open();
    EXPECT_FALSE(store.check().clean()) << at;
    EXPECT_FALSE(store.missing(root_).complete()) << at;
  }
  test::write_file(pack_path(), whole_);
  Store store = open();
  EXPECT_TRUE(store.check().clean());
  EXPECT_TRUE(store.missing(root_).complete());
}

TEST_F(Damage, OfANodeHidesWhatIsBelowItAndNothingElse) {
  const auto blocks = index().blocks;
  const auto nodes = std::find_if(blocks.begin(), blocks.end(), [](const PackedBlock& b) {
    return b.objects[0].kind != DigestKind::chunk;
  });
  flip(nodes->offset + nodes->size - 1);
  Store store = open();
  const auto closure = store.missing(root_);
  EXPECT_EQ(closure.missing_count, 1u);
  EXPECT_EQ(closure.missing.at(0), root_);
  EXPECT_EQ(error_of([&] { store.read_root(root_); }).code(), ErrorCode::incomplete);
}

TEST_F(Damage, OfAPackThatIsGoneCountsAsMissing) {
  Store store = open();
  std::filesystem::remove(pack_path());
  EXPECT_EQ(store.check().problem_count, 1u);
  EXPECT_FALSE(store.has(root_));
  Store reopened = open();
  EXPECT_TRUE(reopened.check().clean());
  EXPECT_EQ(reopened.stats().packs, 0u);
}

TEST_F(Damage, OfTheIndexIsUndoneByRebuilding) {
  test::write_file(temp_ / "store/index.sqlite", "this is no index of any sort, only words");
  const Error error = error_of([&] { open(); });
  EXPECT_EQ(error.code(), ErrorCode::damaged);
  EXPECT_EQ(error.hint(), "run courier store rebuild-index");
  const auto report = Store::rebuild_index(fs_, temp_ / "store");
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.packs, 1u);
  Store store = open();
  EXPECT_TRUE(store.check().clean());
  store.export_tree(root_, temp_ / "copy");
  EXPECT_EQ(describe(source_), describe(temp_ / "copy"));
}

TEST_F(Damage, IsLeftOutOfARebuiltIndex) {
  const PackedBlock block = index().blocks.at(0);
  flip(block.offset + 100);
  const auto report = Store::rebuild_index(fs_, temp_ / "store");
  EXPECT_EQ(report.problem_count, 1u);
  Store store = open();
  EXPECT_FALSE(store.has(block.objects[0].digest));
  EXPECT_TRUE(store.has(root_));
}

TEST_F(Damage, OfALostIndexIsUndoneByOpening) {
  std::filesystem::remove(temp_ / "store/index.sqlite");
  Store store = open();
  EXPECT_TRUE(store.missing(root_).complete());
  EXPECT_TRUE(store.check().clean());
}

TEST_F(Damage, OfOneCopyIsNoLossWhenThereIsAnother) {
  const PackedBlock block = index().blocks.at(0);
  // A second store made of the same content in another order has other packs.
  std::filesystem::create_directory(temp_ / "part");
  std::filesystem::copy(source_ + "/large", temp_ / "part/large");
  {
    Store other = Store::open(fs_, temp_ / "other", Store::Access::write);
    const auto pack = other.snapshot(temp_ / "part").packs.at(0);
    Store store = open();
    auto appender = store.append();
    FolderPackStorage packs(fs_, temp_ / "other/packs");
    PackWriter writer(packs);
    const auto blocks = read_pack_index(packs, pack).blocks;
    // Written beside the first pack, past the appender, which would pass over what is here.
    std::filesystem::create_directories(temp_ / ("store/packs/" + pack.hex().substr(0, 2)));
    const std::string path = "packs/" + pack.hex().substr(0, 2) + "/" + pack.hex() + ".pack";
    std::filesystem::copy(temp_ / ("other/" + path), temp_ / ("store/" + path));
  }
  flip(block.offset + 100);
  Store store = open();
  EXPECT_EQ(digest_of(DigestKind::chunk, store.read(block.objects[0].digest, DigestKind::chunk)),
            block.objects[0].digest);
  EXPECT_TRUE(store.missing(root_).complete());
  EXPECT_TRUE(store.check().clean());
}

}  // namespace
}  // namespace courier
