#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "store/store.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/store/trees.h"

namespace courier {
namespace {

using test::describe;
using test::error_of;
using test::RandomTree;
using test::TempFolder;
using test::write_file;

class Snapshot : public ::testing::Test {
 protected:
  TempFolder temp_;
  PosixFileSystem fs_;
  Store store_ = Store::open(fs_, temp_ / "store", Store::Access::write);
  const std::string source_ = temp_ / "source";
};

TEST_F(Snapshot, GivesBackWhatItTookOfTreesOfAllSorts) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    const std::string source = temp_ / ("source" + std::to_string(seed));
    const std::string copy = temp_ / ("copy" + std::to_string(seed));
    RandomTree(seed).make(source, 120);
    const auto result = store_.snapshot(source);
    EXPECT_EQ(result.odd_count, 0u);
    EXPECT_TRUE(store_.export_tree(result.root, copy).empty());
    EXPECT_EQ(describe(source), describe(copy));
    EXPECT_TRUE(store_.missing(result.root).complete());
  }
  EXPECT_TRUE(store_.check().clean());
}

TEST_F(Snapshot, OfTheSameContentHasTheSameRootAndStoresNothing) {
  RandomTree(7).make(source_, 60);
  const auto first = store_.snapshot(source_);
  const auto second = store_.snapshot(source_);
  EXPECT_EQ(first.root, second.root);
  EXPECT_EQ(first.totals, second.totals);
  EXPECT_GT(first.new_bytes, 0u);
  EXPECT_EQ(second.new_objects, 0u);
  EXPECT_EQ(second.stored_bytes, 0u);
  EXPECT_TRUE(second.packs.empty());
}

TEST_F(Snapshot, StoresOnlyWhatChangedInALargeFile) {
  std::filesystem::create_directory(source_);
  std::mt19937_64 random(1);
  Bytes content = test::random_bytes(random, 20'000'000);
  write_file(source_ + "/image", content);
  store_.snapshot(source_);
  content.insert(content.begin() + 7'000'000, {1, 2, 3});
  write_file(source_ + "/image", content);
  const auto second = store_.snapshot(source_);
  EXPECT_GT(second.new_bytes, 0u);
  EXPECT_LT(second.new_bytes, 1'000'000u);
  EXPECT_TRUE(store_.export_tree(second.root, temp_ / "copy").empty());
  EXPECT_EQ(test::read_whole(temp_ / "copy/image"), content);
}

TEST_F(Snapshot, OfAnEmptyFolderIsValid) {
  std::filesystem::create_directory(source_);
  const auto result = store_.snapshot(source_);
  EXPECT_EQ(result.totals, Totals{});
  store_.export_tree(result.root, temp_ / "copy");
  EXPECT_EQ(describe(source_), describe(temp_ / "copy"));
}

TEST_F(Snapshot, OfOneFileIsAFolderOfThatFile) {
  write_file(temp_ / "disc.iso", "content");
  const auto result = store_.snapshot(temp_ / "disc.iso");
  EXPECT_EQ(result.totals.files, 1u);
  store_.export_tree(result.root, temp_ / "copy");
  EXPECT_EQ(to_string(test::read_whole(temp_ / "copy/disc.iso")), "content");
  EXPECT_EQ(result.root, store_.snapshot(temp_ / "disc.iso").root);
}

TEST_F(Snapshot, TakesSparseFilesAndGivesThemBackSparse) {
  std::filesystem::create_directory(source_);
  write_file(source_ + "/sparse", "");
  std::filesystem::resize_file(source_ + "/sparse", 50'000'000);
  const auto result = store_.snapshot(source_);
  EXPECT_LT(result.new_bytes, 600'000u);
  store_.export_tree(result.root, temp_ / "copy");
  struct stat status {};
  ASSERT_EQ(::stat((temp_ / "copy/sparse").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 50'000'000);
  EXPECT_LT(status.st_blocks, 100);
}

TEST_F(Snapshot, NamesOddThingsAndLeavesThemOut) {
  std::filesystem::create_directory(source_);
  write_file(source_ + "/file", "x");
  ASSERT_EQ(::mkfifo((source_ + "/pipe").c_str(), 0600), 0);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (source_ + "/sock").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  const auto result = store_.snapshot(source_);
  ASSERT_EQ(result.odd_count, 2u);
  EXPECT_EQ(result.odd[0].path, "pipe");
  EXPECT_EQ(result.odd[0].what, "fifo");
  EXPECT_EQ(result.odd[1].path, "sock");
  EXPECT_EQ(result.odd[1].what, "socket");
  EXPECT_EQ(result.totals.files, 1u);
}

TEST_F(Snapshot, RefusesASourceThatIsMissingOrNeitherFolderNorFile) {
  EXPECT_EQ(error_of([&] { store_.snapshot(source_); }).code(), ErrorCode::not_found);
  ASSERT_EQ(::mkfifo(source_.c_str(), 0600), 0);
  EXPECT_EQ(error_of([&] { store_.snapshot(source_); }).code(), ErrorCode::usage);
}

TEST_F(Snapshot, KeepsManyEntriesOfOneFolder) {
  std::filesystem::create_directory(source_);
  for (int i = 0; i < 1'500; ++i) write_file(source_ + "/f" + std::to_string(i), std::to_string(i));
  const auto first = store_.snapshot(source_);
  EXPECT_EQ(first.totals.files, 1'500u);
  store_.export_tree(first.root, temp_ / "copy");
  EXPECT_EQ(describe(source_), describe(temp_ / "copy"));
  write_file(source_ + "/f700", "changed");
  // A file, a directory node on each level, a root.
  EXPECT_LE(store_.snapshot(source_).new_objects, 5u);
}

}  // namespace
}  // namespace courier
