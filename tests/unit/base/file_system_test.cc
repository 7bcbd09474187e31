#include "base/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/durable.h"
#include "base/error.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"

namespace courier {
namespace {

using test::error_of;

class FileSystemTest : public testing::Test {
 protected:
  PosixFileSystem posix_;
  FileSystem& fs_ = posix_;
  test::TempFolder folder_;
  Fd dir_ = open_dir(fs_, folder_.path());
};

TEST_F(FileSystemTest, WritesAndReadsAFile) {
  const Fd file = fs_.open_at(dir_, "a", O_RDWR | O_CREAT | O_EXCL);
  fs_.write(file, as_bytes("hello "));
  fs_.write(file, as_bytes("world"));
  fs_.pwrite(file, as_bytes("J"), 0);
  Bytes out(20);
  EXPECT_EQ(fs_.pread(file, out, 0), 11u);
  EXPECT_EQ(as_text(ByteView(out).first(11)), "Jello world");
  fs_.truncate(file, 5);
  EXPECT_EQ(fs_.stat(file).st_size, 5);
  EXPECT_EQ(fs_.stat(file).st_mode & 07777, 0600u);
  fs_.sync(file);
  fs_.sync(dir_);
  fs_.sync_file_system(dir_);
  fs_.drop_cache(file);
}

TEST_F(FileSystemTest, ReachesBeyondTwoAndFourGibibytes) {
  const Fd file = fs_.open_at(dir_, "sparse", O_RDWR | O_CREAT);
  for (const std::uint64_t edge : {std::uint64_t{1} << 31, std::uint64_t{1} << 32}) {
    fs_.pwrite(file, as_bytes("edge"), edge - 2);
    Bytes out(4);
    EXPECT_EQ(fs_.pread(file, out, edge - 2), 4u);
    EXPECT_EQ(as_text(out), "edge");
    EXPECT_EQ(static_cast<std::uint64_t>(fs_.stat(file).st_size), edge + 2);
  }
}

TEST_F(FileSystemTest, NamesThePathInEveryError) {
  const Error error = error_of([&] { fs_.open_at(dir_, "no/such", O_RDONLY); });
  EXPECT_EQ(error.code(), ErrorCode::not_found);
  EXPECT_EQ(error.what(), folder_ / "no/such" + ": cannot open it: no such file or directory");
  const Fd file = fs_.open_at(dir_, "a", O_WRONLY | O_CREAT);
  Bytes out(1);
  EXPECT_EQ(error_of([&] { fs_.read(file, out); }).what(),
            folder_ / "a" + ": cannot read it: bad file descriptor");
  EXPECT_EQ(error_of([&] { fs_.open("/no/such", O_RDONLY); }).subject(), "/no/such");
}

TEST_F(FileSystemTest, OpensNothingThroughALink) {
  const test::TempFolder outside;
  test::write_text(outside / "secret", "s");
  fs_.symlink_at(dir_, "link", outside.path());
  fs_.symlink_at(dir_, "file", outside / "secret");
  for (const char* path : {"link/secret", "link", "file"}) {
    const Error error = error_of([&] { fs_.open_at(dir_, path, O_RDONLY); });
    EXPECT_EQ(error.code(), ErrorCode::not_allowed) << path;
    EXPECT_NE(std::string(error.what()).find("passes through a symbolic link"), std::string::npos);
  }
  EXPECT_THROW(fs_.open_at(dir_, "link/new", O_WRONLY | O_CREAT), Error);
  EXPECT_THROW(fs_.stat_at(dir_, "link/secret"), Error);
  EXPECT_THROW(fs_.unlink_at(dir_, "link/secret"), Error);
  EXPECT_THROW(fs_.make_dir_at(dir_, "link/new", 0700), Error);
  EXPECT_THROW(fs_.rename_at(dir_, "file", dir_, "link/secret", 0), Error);
  EXPECT_THROW(fs_.link_at(dir_, "link/secret", dir_, "mine"), Error);
  EXPECT_EQ(test::read_text(outside / "secret"), "s");
}

TEST_F(FileSystemTest, LeavesItsFolderByNoPath) {
  EXPECT_EQ(error_of([&] { fs_.open_at(dir_, "../x", O_WRONLY | O_CREAT); }).code(),
            ErrorCode::not_allowed);
  EXPECT_EQ(error_of([&] { fs_.open_at(dir_, "/etc/passwd", O_RDONLY); }).code(),
            ErrorCode::not_allowed);
  EXPECT_EQ(error_of([&] { fs_.unlink_at(dir_, ".."); }).code(), ErrorCode::usage);
  EXPECT_EQ(error_of([&] { fs_.open_at(dir_, std::string_view("a\0b", 3), O_RDONLY); }).code(),
            ErrorCode::usage);
}

TEST_F(FileSystemTest, LooksAtALinkItself) {
  fs_.symlink_at(dir_, "link", "/somewhere/else");
  EXPECT_TRUE(S_ISLNK(fs_.stat_at(dir_, "link")->st_mode));
  EXPECT_EQ(fs_.read_link_at(dir_, "link"), "/somewhere/else");
  const std::string long_target(3000, 'x');
  fs_.symlink_at(dir_, "long", long_target);
  EXPECT_EQ(fs_.read_link_at(dir_, "long"), long_target);
  EXPECT_FALSE(fs_.stat_at(dir_, "none"));
  EXPECT_FALSE(fs_.stat_at(dir_, "none/deeper"));
}

TEST_F(FileSystemTest, ListsByBytesWithTypes) {
  fs_.make_dir_at(dir_, "b", 0700);
  fs_.open_at(dir_, "a", O_WRONLY | O_CREAT);
  fs_.symlink_at(dir_, "\xff", "x");
  fs_.open_at(dir_, "B", O_WRONLY | O_CREAT);
  for (int again = 0; again < 2; ++again) {
    const auto entries = fs_.list(dir_);
    ASSERT_EQ(entries.size(), 4u);
    EXPECT_EQ(entries[0].name, "B");
    EXPECT_EQ(entries[1].name, "a");
    EXPECT_EQ(entries[1].type, DT_REG);
    EXPECT_EQ(entries[2].type, DT_DIR);
    EXPECT_EQ(entries[3].name, "\xff");
    EXPECT_EQ(entries[3].type, DT_LNK);
  }
}

TEST_F(FileSystemTest, RenamesWithoutReplacingAndByExchange) {
  test::write_text(folder_ / "a", "1");
  test::write_text(folder_ / "b", "2");
  EXPECT_EQ(error_of([&] { fs_.rename_at(dir_, "a", dir_, "b", RENAME_NOREPLACE); }).code(),
            ErrorCode::not_allowed);
  if (fs_.rename_at(dir_, "a", dir_, "b", RENAME_EXCHANGE)) {
    EXPECT_EQ(test::read_text(folder_ / "a"), "2");
  }
  EXPECT_TRUE(fs_.rename_at(dir_, "a", dir_, "b"));
  EXPECT_FALSE(fs_.stat_at(dir_, "a"));
}

TEST_F(FileSystemTest, SetsModeTimeAndAttributes) {
  const Fd file = fs_.open_at(dir_, "a", O_RDWR | O_CREAT);
  fs_.set_mode(file, 0751);
  fs_.set_mtime(file, -5, 123'456'789);
  fs_.set_owner(file, ::getuid(), ::getgid());
  const struct stat status = fs_.stat(file);
  EXPECT_EQ(status.st_mode & 07777, 0751u);
  EXPECT_EQ(status.st_mtim.tv_sec, -5);
  EXPECT_EQ(status.st_mtim.tv_nsec, 123'456'789);
  fs_.symlink_at(dir_, "link", "a");
  fs_.set_mtime_at(dir_, "link", 1000, 0);
  EXPECT_EQ(fs_.stat_at(dir_, "link")->st_mtim.tv_sec, 1000);
  EXPECT_EQ(fs_.stat(file).st_mtim.tv_sec, -5);

  EXPECT_TRUE(fs_.xattrs(file).empty());
  try {
    fs_.set_xattr(file, "user.b", as_bytes("2"));
  } catch (const Error&) {
    GTEST_SKIP() << "this file system has no user attributes";
  }
  fs_.set_xattr(file, "user.a", {});
  const auto attributes = fs_.xattrs(file);
  ASSERT_EQ(attributes.size(), 2u);
  EXPECT_EQ(attributes[0], (std::pair<std::string, Bytes>("user.a", {})));
  EXPECT_EQ(attributes[1], (std::pair<std::string, Bytes>("user.b", {'2'})));
}

TEST_F(FileSystemTest, KnowsItsSpace) {
  const SpaceInfo space = fs_.space(dir_);
  EXPECT_GT(space.total_bytes, 0u);
  EXPECT_LE(space.free_bytes, space.total_bytes);
  EXPECT_FALSE(space.read_only);
}

TEST(Fd, IsClosedOnceAndHandedOver) {
  PosixFileSystem posix;
  FileSystem& fs = posix;
  int number = -1;
  {
    Fd first = fs.open("/", O_RDONLY | O_DIRECTORY);
    number = first.get();
    EXPECT_NE(::fcntl(number, F_GETFD) & FD_CLOEXEC, 0);
    Fd second = std::move(first);
    EXPECT_FALSE(first);  // NOLINT: what is left of it is the point
    first = std::move(second);
    EXPECT_EQ(first.get(), number);
  }
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

}  // namespace
}  // namespace courier
