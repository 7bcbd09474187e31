#include "base/home_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/support/error_of.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"

namespace courier {
namespace {

using test::error_of;
using test::FaultyFileSystem;
using test::read_text;

class HomeLockTest : public testing::Test {
 protected:
  PosixFileSystem posix_;
  FileSystem& fs_ = posix_;
  test::TempFolder folder_;
};

TEST_F(HomeLockTest, RefusesAHomeThatAnotherCourierHolds) {
  // A process of its own, as locks belong to open files: it says when it holds the lock, and ends
  // when it is told to.
  int ready[2], done[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(done), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char byte = 'x';
    const HomeLock lock(fs_, folder_.path(), "parcel create");
    if (::write(ready[1], &byte, 1) != 1 || ::read(done[0], &byte, 1) != 1) ::_exit(1);
    ::_exit(0);
  }
  char byte = 'x';
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const Error error = error_of([&] { HomeLock(fs_, folder_.path(), "receive"); });
  EXPECT_EQ(error.code(), ErrorCode::busy);
  EXPECT_EQ(error.exit_status(), 8);
  const std::string expected = "home " + folder_.path() +
                               ": another courier works on it: process " + std::to_string(child) +
                               ", parcel create, since 20";
  EXPECT_EQ(std::string(error.what()).substr(0, expected.size()), expected);
  ASSERT_EQ(::write(done[1], &byte, 1), 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  for (const int fd : {ready[0], ready[1], done[0], done[1]}) ::close(fd);

  const HomeLock lock(fs_, folder_.path(), "gc");
  EXPECT_EQ(read_text(folder_ / "courier.lock"), "process " + std::to_string(::getpid()) + ", gc,");
}

TEST_F(HomeLockTest, LocksAHomeOnAFullDiskSoThatRoomCanBeMade) {
  FaultyFileSystem full(fs_);
  full.fill_after(0);
  const HomeLock lock(full, folder_.path(), "gc");
  EXPECT_EQ(error_of([&] { HomeLock(fs_, folder_.path(), "receive"); }).code(), ErrorCode::busy);
}

TEST_F(HomeLockTest, ReleasesAHomeWhenTheLockGoes) {
  { const HomeLock lock(fs_, folder_.path(), "receive"); }
  const HomeLock lock(fs_, folder_.path(), "receive");
  EXPECT_EQ(error_of([&] { HomeLock(fs_, folder_.path(), "gc"); }).code(), ErrorCode::busy);
  EXPECT_EQ(error_of([&] { HomeLock(fs_, folder_ / "none", "gc"); }).code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace courier
