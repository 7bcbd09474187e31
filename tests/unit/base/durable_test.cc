#include "base/durable.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/error.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"

namespace courier {
namespace {

using test::error_of;
using test::FaultyFileSystem;
using test::read_text;
using test::write_text;

class DurableTest : public testing::Test {
 protected:
  std::size_t entries() { return fs_.list(dir_).size(); }

  PosixFileSystem posix_;
  FileSystem& fs_ = posix_;
  test::TempFolder folder_;
  Fd dir_ = open_dir(fs_, folder_.path());
};

TEST_F(DurableTest, WritesAFileWholeWithItsMode) {
  write_durably(fs_, dir_, "key", as_bytes("secret"), Replace::never);
  EXPECT_EQ(read_text(folder_ / "key"), "secret");
  EXPECT_EQ(fs_.stat_at(dir_, "key")->st_mode & 07777, 0600u);
  EXPECT_EQ(entries(), 1u);
}

TEST_F(DurableTest, NeverReplacesUnlessTold) {
  write_text(folder_ / "a", "old");
  const Error error =
      error_of([&] { write_durably(fs_, dir_, "a", as_bytes("new"), Replace::never); });
  EXPECT_EQ(error.code(), ErrorCode::not_allowed);
  EXPECT_EQ(error.what(), folder_ / "a" + ": exists already");
  EXPECT_EQ(read_text(folder_ / "a"), "old");
  EXPECT_EQ(entries(), 1u);
  write_durably(fs_, dir_, "a", as_bytes("new"), Replace::always);
  EXPECT_EQ(read_text(folder_ / "a"), "new");
}

// The order that makes it durable: content before name, name before success.
TEST_F(DurableTest, SyncsTheContentBeforeTheNameAndTheFolderAfter) {
  FaultyFileSystem faulty(fs_);
  write_durably(faulty, dir_, "a", as_bytes("x"), Replace::always);
  EXPECT_EQ(faulty.log(),
            (std::vector<std::string>{"create", "write", "sync", "rename_at", "sync"}));
}

class DurableFaults : public DurableTest,
                      public testing::WithParamInterface<std::tuple<int, bool, Replace>> {};

// Whatever call fails with whatever error, and whether the process lives on or not: the old content
// or the new one, whole, under the name.
TEST_P(DurableFaults, LeaveTheOldContentWholeAtEveryCall) {
  const auto [fault, stays, replace] = GetParam();
  const std::string old_content(100'000, 'o'), new_content(200'000, 'n');
  bool succeeded = false;
  for (std::uint64_t nth = 1; !succeeded; ++nth) {
    ASSERT_LT(nth, 20u);
    if (replace == Replace::always) write_text(folder_ / "a", old_content);
    FaultyFileSystem faulty(fs_);
    faulty.fail_at(nth, fault, stays);
    try {
      write_durably(faulty, dir_, "a", as_bytes(new_content), replace);
      succeeded = faulty.calls() < nth;
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_status(), fault == ENOSPC ? 6 : 11);
    }
    const bool named = faulty.log().back() == "sync" && nth == faulty.calls() && nth > 3;
    if (succeeded || named) {
      EXPECT_EQ(read_text(folder_ / "a"), new_content);
    } else if (replace == Replace::always) {
      EXPECT_EQ(read_text(folder_ / "a"), old_content);
    } else {
      EXPECT_FALSE(fs_.stat_at(dir_, "a"));
    }
    // A live process cleans up after itself; what a dead one leaves is swept.
    EXPECT_EQ(sweep_temporary(fs_, dir_), stays && nth >= 2 && nth <= 4 ? 1u : 0u) << nth;
    remove_tree(fs_, dir_, "a");
    EXPECT_EQ(entries(), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(All, DurableFaults,
                         testing::Combine(testing::Values(ENOSPC, EIO), testing::Bool(),
                                          testing::Values(Replace::always, Replace::never)));

TEST_F(DurableTest, RunsOutOfSpaceAtEveryByte) {
  write_text(folder_ / "a", "old");
  for (std::uint64_t room = 0; room < 10; ++room) {
    FaultyFileSystem faulty(fs_);
    faulty.fill_after(room);
    const Error error = error_of(
        [&] { write_durably(faulty, dir_, "a", as_bytes("0123456789"), Replace::always); });
    EXPECT_EQ(error.code(), ErrorCode::no_space);
    EXPECT_EQ(read_text(folder_ / "a"), "old");
    EXPECT_EQ(entries(), 1u);
  }
}

TEST_F(DurableTest, LeavesNothingOfAFileThatIsNotCommitted) {
  {
    DurableFile file(fs_, dir_, "a");
    file.write(as_bytes("abc"));
    EXPECT_EQ(file.size(), 3u);
    EXPECT_TRUE(is_temporary_name(file.temporary_name()));
    EXPECT_EQ(entries(), 1u);
  }
  EXPECT_EQ(entries(), 0u);
}

TEST_F(DurableTest, SweepsTemporaryFilesAndNothingElse) {
  write_text(folder_ / ".tmp-0123", "x");
  write_text(folder_ / ".tmp", "x");
  write_text(folder_ / "a.tmp-0123", "x");
  fs_.make_dir_at(dir_, ".tmp-folder", 0700);
  EXPECT_EQ(sweep_temporary(fs_, dir_), 1u);
  EXPECT_EQ(entries(), 3u);
}

TEST_F(DurableTest, MakesFoldersAndOpensThoseThatAreThere) {
  const Fd deep = make_dirs(fs_, folder_ / "a/b/c");
  EXPECT_EQ(path_of(deep), folder_ / "a/b/c");
  EXPECT_EQ(fs_.stat(deep).st_mode & 07777, 0700u);
  make_dirs(fs_, folder_ / "a/b/c/");
  make_dirs(fs_, folder_ / "a/b/d//");
  EXPECT_TRUE(fs_.stat_at(dir_, "a/b/d"));
  write_text(folder_ / "file", "x");
  EXPECT_THROW(make_dirs(fs_, folder_ / "file"), Error);
  EXPECT_THROW(make_dirs(fs_, folder_ / "file/below"), Error);
  EXPECT_THROW(make_dirs(fs_, ""), Error);
}

TEST_F(DurableTest, SyncsTheFolderAboveEachFolderItMakes) {
  FaultyFileSystem faulty(fs_);
  make_dirs(faulty, folder_ / "a/b");
  const auto& log = faulty.log();
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (log[i] == "make_dir_at") {
      EXPECT_EQ(log.at(i + 1), "sync");
    }
  }
  EXPECT_EQ(std::count(log.begin(), log.end(), "make_dir_at"), 2);
}

TEST_F(DurableTest, ReadsAFileOfBoundedSize) {
  write_text(folder_ / "a", "12345");
  EXPECT_EQ(as_text(read_file(fs_, dir_, "a", 5)), "12345");
  EXPECT_EQ(as_text(read_file(fs_, folder_ / "a", 100)), "12345");
  EXPECT_EQ(error_of([&] { read_file(fs_, dir_, "a", 4); }).code(), ErrorCode::damaged);
  EXPECT_EQ(error_of([&] { read_file(fs_, dir_, "b", 4); }).code(), ErrorCode::not_found);
  EXPECT_EQ(error_of([&] { read_file(fs_, folder_.path(), 4); }).code(), ErrorCode::device);
  // Files of the kernel say that they have no bytes.
  EXPECT_GT(read_file(fs_, "/proc/self/mountinfo", 1u << 20).size(), 10u);
  EXPECT_EQ(error_of([&] { read_file(fs_, "/proc/self/mountinfo", 10); }).code(),
            ErrorCode::damaged);
}

TEST_F(DurableTest, RemovesATreeAndFollowsNoLink) {
  const test::TempFolder outside;
  write_text(outside / "keep", "x");
  make_dirs(fs_, folder_ / "a/b/c");
  write_text(folder_ / "a/b/file", "x");
  fs_.symlink_at(dir_, "a/b/link", outside.path());
  fs_.set_mode(fs_.open_at(dir_, "a/b", O_RDONLY), 0500);
  remove_tree(fs_, dir_, "a");
  remove_tree(fs_, dir_, "a");
  EXPECT_EQ(entries(), 0u);
  EXPECT_EQ(read_text(outside / "keep"), "x");
}

}  // namespace
}  // namespace courier
