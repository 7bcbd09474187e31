// A snapshot of several packs that fails after the first of them: what was finished stays.
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/pack.h"
#include "store/store.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

class SeveralPacks : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kSize = kPackBytes + (6u << 20);

  void SetUp() override {
    std::mt19937_64 random(5);
    test::write_file(source_, test::random_bytes(random, kSize));
  }
  Store open(FileSystem& fs) { return Store::open(fs, temp_ / "store", Store::Access::write); }

  test::TempFolder temp_{test::memory_folder()};
  PosixFileSystem fs_;
  test::FaultyFileSystem failing_{fs_};
  const std::string source_ = temp_ / "source";
};

TEST_F(SeveralPacks, WhenTheSecondFailsTheNextSnapshotStoresOnlyWhatIsMissing) {
  Store store = open(failing_);
  failing_.fail_only({"rename_at"});
  failing_.fail_at(2, EIO);
  const Error error = test::error_of([&] { store.snapshot(source_); });
  EXPECT_EQ(error.code(), ErrorCode::device);
  EXPECT_EQ(failing_.failed_call(), "rename_at");
  const SnapshotResult result = store.snapshot(source_);
  EXPECT_GT(result.new_bytes, 0u);
  EXPECT_LT(result.new_bytes, kSize - kPackBytes + (2u << 20));
  EXPECT_TRUE(store.missing(result.root).complete());
  EXPECT_TRUE(store.check().clean());
}

TEST_F(SeveralPacks, WhenNothingIsDurableAfterTheFirstTheStoreIsCleanOnceOpenedAgain) {
  {
    Store store = open(failing_);
    failing_.fail_only({"sync", "rename_at"});
    failing_.fail_at(5, EIO,
                     true);  // of the first: the pack, the folders' folder, its name, its folder
    EXPECT_EQ(test::error_of([&] { store.snapshot(source_); }).code(), ErrorCode::device);
    EXPECT_EQ(failing_.failed_call(), "sync");
  }
  Store store = open(fs_);
  EXPECT_TRUE(store.check().clean());
  EXPECT_EQ(store.stats().packs, 1u);
  const SnapshotResult result = store.snapshot(source_);
  EXPECT_LT(result.new_bytes, kSize - kPackBytes + (2u << 20));
  EXPECT_TRUE(store.missing(result.root).complete());
}

}  // namespace
}  // namespace courier
