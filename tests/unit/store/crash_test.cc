// Snapshot and append, stopped at every call that changes the disk.
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/store.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::describe;

class Crash : public ::testing::Test {
 protected:
  void SetUp() override {
    test::RandomTree(11).make(source_, 15);
    Store::open(fs_, temp_ / "empty", Store::Access::write);
  }
  // An empty store, without the syncs that making one takes.
  void begin_anew() {
    std::filesystem::remove_all(temp_ / "store");
    std::filesystem::copy(temp_ / "empty", temp_ / "store",
                          std::filesystem::copy_options::recursive);
  }

  test::TempFolder temp_;
  PosixFileSystem fs_;
  const std::string source_ = temp_ / "source";
};

TEST_F(Crash, WhileASnapshotIsTakenLosesNothingAndTheSameCommandEndsWell) {
  for (const int errno_value : {EIO, ENOSPC}) {
    for (std::size_t fail_at = 1;; fail_at += errno_value == EIO ? 1 : 5) {
      SCOPED_TRACE(fail_at);
      begin_anew();
      test::FaultyFileSystem failing(fs_);
      failing.fail_at(fail_at, errno_value, true);
      bool failed = false;
      try {
        Store store = Store::open(failing, temp_ / "store", Store::Access::write);
        store.snapshot(source_);
      } catch (const Error& error) {
        failed = true;
        EXPECT_EQ(error.code(), errno_value == EIO ? ErrorCode::device : ErrorCode::no_space);
      }
      {
        Store store = Store::open(fs_, temp_ / "store", Store::Access::write);
        EXPECT_TRUE(store.check().clean());
        const auto result = store.snapshot(source_);
        EXPECT_TRUE(store.missing(result.root).complete());
        if (!failed) {
          store.export_tree(result.root, temp_ / "copy");
          EXPECT_EQ(describe(source_), describe(temp_ / "copy"));
          std::filesystem::remove_all(temp_ / "copy");
        }
        for (const auto& entry : std::filesystem::directory_iterator(temp_ / "store/packs")) {
          EXPECT_EQ(entry.path().filename().string().size(), 2u) << entry.path();
        }
      }
      if (!failed) {
        EXPECT_GT(fail_at, 5u);
        break;
      }
    }
  }
}

TEST_F(Crash, AfterThePackAndBeforeTheIndexIsMadeGoodByOpening) {
  std::filesystem::copy_options recursive = std::filesystem::copy_options::recursive;
  Digest root;
  {
    Store store = Store::open(fs_, temp_ / "store", Store::Access::write);
    std::filesystem::copy(temp_ / "store/index.sqlite", temp_ / "old.sqlite");
    root = store.snapshot(source_).root;
  }
  std::filesystem::copy(temp_ / "old.sqlite", temp_ / "store/index.sqlite",
                        recursive | std::filesystem::copy_options::overwrite_existing);
  Store store = Store::open(fs_, temp_ / "store", Store::Access::write);
  EXPECT_TRUE(store.missing(root).complete());
  EXPECT_TRUE(store.check().clean());
  EXPECT_EQ(store.snapshot(source_).new_objects, 0u);
}

TEST_F(Crash, BeforeTheFolderOfAPackIsDurableIsMadeGoodByOpeningBeforeTheIndexKnowsIt) {
  test::FaultyFileSystem failing(fs_);
  {
    Store store = Store::open(failing, temp_ / "store", Store::Access::write);
    failing.fail_only({"sync"});
    failing.fail_at(3, EIO);  // after the pack and the folder of its folder
    EXPECT_THROW(store.snapshot(source_), Error);
  }
  failing.fail_only({"sync_file_system"});
  failing.fail_at(1, EIO);
  EXPECT_THROW(Store::open(failing, temp_ / "store", Store::Access::write), Error);
  EXPECT_EQ(Store::open(fs_, temp_ / "store", Store::Access::read).stats().packs, 0u);
  Store store = Store::open(failing, temp_ / "store", Store::Access::write);
  EXPECT_EQ(store.stats().packs, 1u);
  EXPECT_TRUE(store.check().clean());
  EXPECT_EQ(store.snapshot(source_).new_objects, 0u);
}

TEST_F(Crash, WhileBlocksAreAppendedKeepsWhatWasFinished) {
  Store origin = Store::open(fs_, temp_ / "origin", Store::Access::write);
  const Digest root = origin.snapshot(source_).root;
  ObjectSet all;
  origin.add_closure(root, all);
  std::vector<Block> blocks;
  origin.for_each_block(all, [&](const StoredBlock& block, const auto&) {
    blocks.push_back(origin.read_block(block.ref));
  });
  ASSERT_GE(blocks.size(), 2u);
  for (std::size_t fail_at = 1;; ++fail_at) {
    SCOPED_TRACE(fail_at);
    begin_anew();
    test::FaultyFileSystem failing(fs_);
    failing.fail_at(fail_at, EIO, true);
    std::vector<Digest> announced;
    bool failed = false;
    try {
      Store store = Store::open(failing, temp_ / "store", Store::Access::write);
      for (const auto& block : blocks) {
        auto appender = store.append([&](const Digest& pack) { announced.push_back(pack); });
        appender.add(block);
        appender.finish();
      }
    } catch (const Error&) {
      failed = true;
    }
    Store store = Store::open(fs_, temp_ / "store", Store::Access::write);
    EXPECT_TRUE(store.check().clean());
    EXPECT_GE(store.stats().packs, announced.size());
    auto appender = store.append();
    for (const auto& block : blocks) appender.add(block);
    appender.finish();
    EXPECT_TRUE(store.missing(root).complete());
    if (!failed) break;
  }
}

}  // namespace
}  // namespace courier
