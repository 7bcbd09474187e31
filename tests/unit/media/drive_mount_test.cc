#include "media/drive_mount.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/durable.h"
#include "media/sysfs.h"
#include "tests/support/error_of.h"
#include "tests/support/temp_folder.h"

namespace courier {
namespace {

using test::error_of;
using test::TempFolder;
using testing::HasSubstr;

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

  TempFolder folder;
  PosixFileSystem fs;
  std::string node;
  const std::string place = folder.path() + "/media/stick";
};

TEST_F(DriveMountTest, ReadsAndRunsNothing) {
  DriveMount mount(fs, node, "ext4", place);
  EXPECT_EQ(options_of(place), "ro,nosuid,nodev,noexec,relatime,nosymfollow");
  EXPECT_EQ(error_of([&] { fs.open(place + "/new", O_CREAT | O_WRONLY, 0600); }).code(),
            ErrorCode::device);
  mount.undo();
  EXPECT_EQ(options_of(place), "");
  EXPECT_FALSE(fs.stat_at(open_dir(fs, folder.path() + "/media"), "stick"));
}

TEST_F(DriveMountTest, IsWrittenToWhenThatIsAskedForAndStillRunsNothing) {
  {
    DriveMount mount(fs, node, "ext4", place);
    mount.make_writable();
    EXPECT_EQ(options_of(place), "rw,nosuid,nodev,noexec,relatime,nosymfollow");
    write_durably(fs, open_dir(fs, place), "return", as_bytes("proof"), Replace::never);
  }
  DriveMount mount(fs, node, "ext4", place);
  EXPECT_EQ(to_string(read_file(fs, place + "/return", 100)), "proof");
}

TEST_F(DriveMountTest, IsUndoneWhenItsProcessIsKilled) {
  const pid_t child = ::fork();
  if (child == 0) {
    enter_own_mounts();
    const DriveMount mount(fs, node, "ext4", place);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(options_of(place), "");
  DriveMount mount(fs, node, "ext4", place);  // the device is free again, the folder no obstacle
}

TEST_F(DriveMountTest, OfWhatIsNoSuchFileSystemSaysSo) {
  const Error error = error_of([&] { DriveMount(fs, node, "squashfs", place); });
  EXPECT_EQ(error.code(), ErrorCode::device);
  EXPECT_THAT(error.what(), HasSubstr("drive " + node));
  EXPECT_FALSE(fs.stat_at(open_dir(fs, folder.path() + "/media"), "stick"));
}

TEST(DriveMount, TakesWhatDrivesAreSoldWith) {
  EXPECT_TRUE(is_mountable("vfat"));
  EXPECT_TRUE(is_mountable("exfat"));
  EXPECT_FALSE(is_mountable("ext4"));
  EXPECT_FALSE(is_mountable(""));
}

}  // namespace
}  // namespace courier
