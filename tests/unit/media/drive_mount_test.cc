#include "media/drive_mount.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/durable.h"
#include "media/sysfs.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"

namespace courier {
namespace {

using test::error_of;
using test::TempFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string output_of(const std::string& command) {
  std::string all;
  FILE* pipe = ::popen(command.c_str(), "r");
  char block[4096];
  while (pipe != nullptr && std::fgets(block, sizeof block, pipe) != nullptr) all += block;
  if (pipe == nullptr || ::pclose(pipe) != 0) return {};
  while (all.ends_with('\n')) all.pop_back();
  return all;
}

// "ro,nosuid,..." of what is mounted on a folder, and the same of its file system.
std::string options_of(const std::string& folder) {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(" " + folder + " ") == std::string::npos) continue;
    const std::size_t own = line.find(folder) + folder.size() + 1;
    return line.substr(own, line.find(' ', own) - own);
  }
  return {};
}

// An ext4 image on a loop device, with one file: what is mounted here is real.
class DriveMountTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root mounts";
    const std::string image = folder.path() + "/image";
    ASSERT_EQ(std::system(("truncate -s 8M " + image + " && mkfs.ext4 -q " + image).c_str()), 0);
    node = output_of("losetup -f --show " + image + " 2>/dev/null");
    if (node.empty()) GTEST_SKIP() << "no loop devices here";
    ASSERT_TRUE(enter_own_mounts());
  }
  void TearDown() override {
    if (!node.empty()) output_of("losetup -d " + node);
  }

  // The folders in `places`.
  std::vector<std::string> left() {
    std::vector<std::string> names;
    for (const DirEntry& entry : fs.list(open_dir(fs, places))) names.push_back(entry.name);
    return names;
  }

  TempFolder folder;
  PosixFileSystem fs;
  std::string node;
  const std::string places = folder.path() + "/media";
};

TEST_F(DriveMountTest, ReadsAndRunsNothing) {
  DriveMount mount(fs, node, "ext4", places);
  EXPECT_EQ(options_of(mount.folder()), "ro,nosuid,nodev,noexec,relatime,nosymfollow");
  EXPECT_EQ(error_of([&] { fs.open(mount.folder() + "/new", O_CREAT | O_WRONLY, 0600); }).code(),
            ErrorCode::device);
  mount.undo();
  EXPECT_EQ(options_of(mount.folder()), "");
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(DriveMountTest, IsWrittenToWhenThatIsAskedForAndStillRunsNothing) {
  {
    DriveMount mount(fs, node, "ext4", places);
    mount.make_writable();
    EXPECT_EQ(options_of(mount.folder()), "rw,nosuid,nodev,noexec,relatime,nosymfollow");
    write_durably(fs, open_dir(fs, mount.folder()), "return", as_bytes("proof"), Replace::never);
  }
  DriveMount mount(fs, node, "ext4", places);
  EXPECT_EQ(to_string(read_file(fs, mount.folder() + "/return", 100)), "proof");
}

TEST_F(DriveMountTest, IsUndoneWhenItsProcessIsKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    enter_own_mounts();
    const DriveMount mount(fs, node, "ext4", places);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_THAT(left(), SizeIs(1));
  // The device is free again, and the folder goes.
  DriveMount mount(fs, node, "ext4", places);
  EXPECT_THAT(left(), ElementsAre(std::filesystem::path(mount.folder()).filename()));
}

TEST_F(DriveMountTest, LeavesTheMountOfAnotherProcessAlone) {
  std::array<int, 2> ready{}, done{};
  ASSERT_EQ(::pipe(ready.data()) + ::pipe(done.data()), 0);
  char byte = 0;
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(done[1]);
    enter_own_mounts();
    const DriveMount mount(fs, node, "ext4", places);
    const bool is_told = ::write(ready[1], "r", 1) == 1 && ::read(done[0], &byte, 1) == 0;
    ::_exit(is_told && !options_of(mount.folder()).empty() ? 0 : 1);
  }
  ::close(ready[1]);
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  DriveMount(fs, node, "ext4", places).undo();
  ::close(done[1]);
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  ::close(ready[0]);
  ::close(done[0]);
}

TEST_F(DriveMountTest, OfWhatIsNoSuchFileSystemSaysSo) {
  const Error error = error_of([&] { DriveMount(fs, node, "squashfs", places); });
  EXPECT_EQ(error.code(), ErrorCode::device);
  EXPECT_THAT(error.what(), HasSubstr("drive " + node));
  EXPECT_THAT(left(), IsEmpty());
}

TEST(DriveMount, TakesWhatDrivesAreSoldWith) {
  EXPECT_TRUE(is_mountable("vfat"));
  EXPECT_TRUE(is_mountable("exfat"));
  EXPECT_FALSE(is_mountable("ext4"));
  EXPECT_FALSE(is_mountable(""));
}

}  // namespace
}  // namespace courier
